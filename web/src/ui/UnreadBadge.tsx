import type { Unread } from '../state/room/unread';
import { classNames } from './classNames';
import styles from './UnreadBadge.module.css';

interface UnreadBadgeProps extends Unread {
  /** In a direct conversation every message counts as a mention. */
  direct: boolean;
  /** Only mentions are shown. */
  quiet: boolean;
  className?: string | undefined;
}

/** The number of mentions, or else of unread messages. */
export function UnreadBadge({ unread, mentions, direct, quiet, className }: UnreadBadgeProps) {
  if (unread === 0 || (quiet && mentions === 0)) return null;
  return mentions > 0 ? (
    <span className={classNames(styles.badge, className)}>
      <span aria-hidden="true">@</span>
      {upTo99(mentions)}
      <span className="sr-only">{mentions === 1 ? ' mention' : ' mentions'}, {unread} unread</span>
    </span>
  ) : (
    <span className={classNames(styles.badge, !direct && styles.quiet, className)}>
      {upTo99(unread)}
      <span className="sr-only"> unread</span>
    </span>
  );
}

const upTo99 = (count: number) => (count > 99 ? '99+' : count);
