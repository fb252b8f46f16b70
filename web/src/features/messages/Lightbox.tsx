import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useLayer } from '../../hooks/layers';
import type { Attachment } from '../../protocol/types';
import { formatSize } from '../../state/outbox/files';
import { Icon } from '../../ui/Icon';
import styles from './Lightbox.module.css';

interface LightboxProps {
  pictures: readonly Attachment[];
  /** The ID of the first picture. */
  first: number;
  onClose: () => void;
}

/** Shows pictures in the size of the window. Arrow keys change the picture, Escape closes. */
export function Lightbox({ pictures, first, onClose }: LightboxProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const closeButton = useRef<HTMLButtonElement>(null);
  const [at, setAt] = useState(() => Math.max(0, pictures.findIndex(({ id }) => id === first)));
  const picture = pictures[Math.min(at, pictures.length - 1)];
  const many = pictures.length > 1;
  useLayer(onClose);
  const turn = (by: number) => setAt((now) => (now + by + pictures.length) % pictures.length);

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    closeButton.current?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  function handleKeyDown(event: KeyboardEvent) {
    if (!many || (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft')) return;
    event.preventDefault();
    turn(event.key === 'ArrowRight' ? 1 : -1);
  }

  if (picture === undefined) return null;
  return (
    <dialog
      ref={ref}
      className={styles.lightbox}
      aria-label={picture.name}
      onKeyDown={handleKeyDown}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className={styles.head}>
        <p className={styles.name} aria-live="polite">
          {picture.name} <span className={styles.facts}>{many ? `${at + 1} of ${pictures.length}` : formatSize(picture.size)}</span>
        </p>
        <a className="icon-button" href={picture.url} download={picture.name} aria-label={`Save ${picture.name}`} title="Save">
          <Icon name="download" />
        </a>
        <button ref={closeButton} type="button" className="icon-button" aria-label="Close" title="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className={styles.stage}>
        {/* A click beside the picture closes. */}
        <button type="button" className={styles.outside} tabIndex={-1} aria-label="Close" onClick={onClose} />
        <img key={picture.id} src={picture.url} alt={picture.name} width={picture.width} height={picture.height} />
      </div>
      {many && (
        <>
          <button type="button" className={`icon-button ${styles.turn} ${styles.before}`} aria-label="Previous picture" onClick={() => turn(-1)}>
            <Icon name="back" />
          </button>
          <button type="button" className={`icon-button ${styles.turn} ${styles.after}`} aria-label="Next picture" onClick={() => turn(1)}>
            <Icon name="back" />
          </button>
        </>
      )}
    </dialog>
  );
}
