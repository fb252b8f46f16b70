import { type InputHTMLAttributes, useEffect, useRef, useState } from 'react';
import { Icon } from './Icon';
import styles from './PasswordInput.module.css';

/** A password with a button that shows it. It is hidden again when the form is sent, so that browsers offer to store it. */
export function PasswordInput({ label, ...input }: InputHTMLAttributes<HTMLInputElement> & { label: string }) {
  const box = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const action = `Show ${label.toLowerCase()}`;

  useEffect(() => {
    const form = box.current?.form;
    const hide = () => setShown(false);
    form?.addEventListener('submit', hide);
    return () => form?.removeEventListener('submit', hide);
  }, []);

  return (
    <div className={styles.password}>
      <input ref={box} autoCapitalize="none" autoCorrect="off" spellCheck={false} {...input} type={shown ? 'text' : 'password'} />
      <button
        type="button"
        className="icon-button"
        aria-pressed={shown}
        title={action}
        disabled={input.disabled}
        // The field keeps the focus, and a phone its keyboard.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => setShown(!shown)}
      >
        <Icon name={shown ? 'eyeOff' : 'eye'} />
        <span className="sr-only">{action}</span>
      </button>
    </div>
  );
}
