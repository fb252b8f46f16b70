import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { isComposing } from '../../hooks/composition';
import { useAction } from '../../hooks/useAction';
import { useLayer } from '../../hooks/layers';
import { ActionError } from '../../ui/ActionError';
import { optionId } from '../../ui/CompletionList';
import { Icon } from '../../ui/Icon';
import styles from './QuickSwitcher.module.css';

export interface ChooserOption {
  key: string;
  content: ReactNode;
  choose: () => void | Promise<void>;
}

interface ChooserProps {
  title: string;
  /** The label of the text field. */
  label: string;
  /** The label of the options. */
  listLabel: string;
  text: string;
  onText: (text: string) => void;
  options: readonly ChooserOption[];
  onClose: () => void;
  /** Shown below the options. */
  children?: ReactNode;
}

/** A dialog in which a few letters and Enter choose one of several options. It closes when the choice has succeeded. */
export function Chooser({ title, label, listLabel, text, onText, options, onClose, children }: ChooserProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const [action, run] = useAction();
  // Options may be added at any time: what the user has selected stays selected, and otherwise the first one is.
  const [selected, setSelected] = useState<string>();
  const at = Math.max(0, options.findIndex(({ key }) => key === selected));

  useLayer(onClose);
  useEffect(() => {
    const before = document.activeElement;
    const box = dialog.current;
    box?.showModal();
    input.current?.focus();
    return () => {
      box?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  function choose(option: ChooserOption | undefined) {
    if (option === undefined) return;
    void run(async () => {
      await option.choose();
      onClose();
    });
  }

  function handleKeyDown(event: KeyboardEvent) {
    if (isComposing(event.nativeEvent)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setSelected(options.at((at + step) % Math.max(1, options.length))?.key);
    else if (event.key === 'Enter') choose(options[at]);
    else return;
    event.preventDefault();
  }

  return (
    <dialog
      ref={dialog}
      className={styles.switcher}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className={styles.box} aria-busy={action.kind === 'busy'}>
        <div className={styles.field}>
          <Icon name="search" />
          <input
            ref={input}
            type="text"
            role="combobox"
            placeholder={label}
            aria-label={label}
            aria-expanded={options.length > 0}
            aria-controls={listId}
            aria-activedescendant={options.length > 0 ? optionId(listId, at) : undefined}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={text}
            onChange={(event) => {
              onText(event.target.value);
              setSelected(undefined);
            }}
            onKeyDown={handleKeyDown}
          />
          <button type="button" className={`icon-button ${styles.close}`} aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <ActionError action={action} />
        <div ref={list} id={listId} className={styles.list} role="listbox" tabIndex={-1} aria-label={listLabel}>
          {options.map((option, i) => (
            <div
              key={option.key}
              id={optionId(listId, i)}
              role="option"
              tabIndex={-1}
              className={styles.option}
              aria-selected={i === at}
              onPointerMove={() => setSelected(option.key)}
              onPointerUp={() => choose(option)}
            >
              {option.content}
            </div>
          ))}
        </div>
        {children}
      </div>
    </dialog>
  );
}
