import { useEffect, useId, useRef, useState } from 'react';
import { useChat } from '../hooks/context';
import styles from './CopyField.module.css';

interface CopyFieldProps {
  label: string;
  value: string;
  /** What the value is for, below the field. */
  note: string;
  /** Replaces the note after the value was copied. */
  copiedNote?: string;
  /** Selects the value at once. */
  focus?: boolean;
}

/** A value with a button that copies it. */
export function CopyField({ label, value, note, copiedNote = note, focus = false }: CopyFieldProps) {
  const chat = useChat();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (focus) input.current?.focus();
    if (focus) input.current?.select();
  }, [focus]);

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
    <div className={styles.copyField}>
      <label htmlFor={id}>{label}</label>
      <input ref={input} id={id} readOnly value={value} spellCheck={false} aria-describedby={`${id}-note`} onFocus={(event) => event.currentTarget.select()} />
      <button type="button" className="button primary" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <p id={`${id}-note`} className="field-hint" role="status">
        {copied ? `Copied. ${copiedNote}` : note}
      </p>
    </div>
  );
}
