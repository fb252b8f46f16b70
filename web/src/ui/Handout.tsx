import { useEffect, useId, useRef, useState } from 'react';
import { useChat } from '../hooks/context';

interface HandoutProps {
  label: string;
  value: string;
  /** What to do with it. */
  then: string;
}

/** What is told this once, with a button that copies it. */
export function Handout({ label, value, then }: HandoutProps) {
  const chat = useChat();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);

  async function copy() {
    // Pages without TLS have no clipboard; the text is chosen, so that keys copy it.
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      chat.notices.say('The browser did not let it be copied. The text is chosen: copy it with Ctrl+C.');
    }
  }

  return (
    <div className="handout">
      <label htmlFor={id}>{label}</label>
      <input ref={input} id={id} readOnly value={value} spellCheck={false} aria-describedby={`${id}-note`} onFocus={(event) => event.currentTarget.select()} />
      <button type="button" className="button primary" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <p id={`${id}-note`} className="field-hint" role="status">
        {copied ? `Copied. ${then}` : 'Copy it now: it is not shown again.'}
      </p>
    </div>
  );
}
