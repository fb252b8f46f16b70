import { useEffect, useId, useRef, useState } from 'react';
import { useChat } from '../hooks/context';
import styles from './SecretField.module.css';

interface SecretFieldProps {
  label: string;
  value: string;
  /** What the user does with the value next. */
  nextStep: string;
}

/** A secret that is shown only once, with a button that copies it. */
export function SecretField({ label, value, nextStep }: SecretFieldProps) {
  const chat = useChat();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);

  async function copy() {
    // Pages without TLS have no clipboard: select the text, so that the user can copy it.
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      chat.notices.show('The browser does not allow copying. The text is selected: copy it with Ctrl+C.');
    }
  }

  return (
    <div className={styles.secretField}>
      <label htmlFor={id}>{label}</label>
      <input ref={input} id={id} readOnly value={value} spellCheck={false} aria-describedby={`${id}-note`} onFocus={(event) => event.currentTarget.select()} />
      <button type="button" className="button primary" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <p id={`${id}-note`} className="field-hint" role="status">
        {copied ? `Copied. ${nextStep}` : 'Copy it now: it is not shown again.'}
      </p>
    </div>
  );
}
