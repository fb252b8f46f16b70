import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import { classNames } from './classNames';
import styles from './EmptyState.module.css';

interface EmptyStateProps {
  icon?: IconName;
  title: string;
  children?: ReactNode;
  action?: { label: string; run: () => void };
}

/** What a list shows when it has nothing to show. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <div className={styles.emptyState}>
      {icon && (
        <span className={styles.icon}>
          <Icon name={icon} size={22} />
        </span>
      )}
      <p className={styles.title}>{title}</p>
      {children && <p className={styles.text}>{children}</p>}
      {action && (
        <button type="button" className="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}

/** Grey bars where lines are about to appear; the label is for those who do not see them. */
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
