import styles from './MessageRow.module.css';

interface BlockedRowProps {
  itemKey: string;
  count: number;
  onShow: () => void;
}

/** The place of messages by blocked people. */
export function BlockedRow({ itemKey, count, onShow }: BlockedRowProps) {
  return (
    <li className={`${styles.system} ${styles.folded}`} data-key={itemKey}>
      <span>{count === 1 ? 'Message from a blocked person' : `${count} messages from blocked people`}</span>{' '}
      <button
        type="button"
        className="link"
        onClick={({ currentTarget }) => {
          // The button is removed: the keyboard stays in the list.
          currentTarget.closest<HTMLElement>('[role=region]')?.focus({ preventScroll: true });
          onShow();
        }}
      >
        Show
      </button>
    </li>
  );
}
