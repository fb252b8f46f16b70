import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import { classNames } from './classNames';
import styles from './EmptyState.module.css';

interface EmptyStateProps {
  icon?: IconName;
  title: string;
  /** Whether it is the whole page: then the title is the heading. */
  page?: boolean;
  children?: ReactNode;
  action?: { label: string; run: () => void };
}

/** Shown instead of a list that is empty or could not be loaded. */
export function EmptyState({ icon, title, page = false, children, action }: EmptyStateProps) {
  const Title = page ? 'h1' : 'p';
  return (
    <div className={styles.emptyState}>
      {icon && (
        <span className={styles.icon}>
          <Icon name={icon} size={22} />
        </span>
      )}
      <Title className={styles.title}>{title}</Title>
      {children && <p className={styles.text}>{children}</p>}
      {action && (
        <button type="button" className="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}

/** Grey bars in place of rows that are loading. The label is for screen readers. */
export function Skeleton({ label, rows, avatars = false }: { label: string; rows: number; avatars?: boolean }) {
  return (
    <div className={styles.skeleton} role="status">
      <span className="sr-only">{label}</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className={classNames(styles.row, styles[`width${i % 4}`])} aria-hidden="true">
          {avatars && <span className={styles.avatar} />}
          <span className={styles.bar} />
        </div>
      ))}
    </div>
  );
}
