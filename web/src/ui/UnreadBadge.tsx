import type { Unread } from '../state/room/unread';
import { classNames } from './classNames';
import styles from './UnreadBadge.module.css';

interface UnreadBadgeProps extends Unread {
  /** In a talk of two all of it is said to this user. */
  direct: boolean;
  /** The user wants to hear nothing of the room but their name. */
  quiet: boolean;
  className?: string | undefined;
}

/** Who is named comes first: it is told in place of what is merely unread. */
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
