import { formatSize } from '../state/outbox/files';
import styles from './FileLabel.module.css';

/** The name and the size of a file. */
export function FileLabel({ name, size }: { name: string; size: number }) {
  return (
    <span className={styles.label}>
      <span className={styles.name}>{name}</span> <span className={styles.size}>{formatSize(size)}</span>
    </span>
  );
}
