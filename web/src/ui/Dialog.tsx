import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useLayer } from '../hooks/layers';
import { Icon } from './Icon';
import styles from './Dialog.module.css';

interface DialogProps {
  title: string;
  description?: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog, built on the dialog element: it traps the focus and restores it; Escape closes it. */
export function Dialog({ title, description, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const textId = useId();
  useLayer(onClose);

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    // Focus the first control, not the close button.
    dialog?.querySelector<HTMLElement>('input:not([type=radio], [hidden]), input:checked, .dialog-actions button')?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={ref}
      className={styles.dialog}
      aria-labelledby={titleId}
      aria-describedby={description ? textId : undefined}
      onCancel={(event) => {
        // The event may come from a dialog above this one or from a file dialog.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
    >
      <header className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {description && (
        <p id={textId} className="dialog-text">
          {description}
        </p>
      )}
      {children}
    </dialog>
  );
}
