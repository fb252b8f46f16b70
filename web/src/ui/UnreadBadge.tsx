import type { Unread } from '../state/room/unread';

interface UnreadBadgeProps extends Unread {
  /** In a talk of two all of it is said to this user. */
  direct: boolean;
  /** The user wants to hear nothing of the room but their name. */
  quiet: boolean;
}

/** Who is named comes first: it is told in place of what is merely unread. */
export function UnreadBadge({ unread, mentions, direct, quiet }: UnreadBadgeProps) {
  if (unread === 0 || (quiet && mentions === 0)) return null;
  return mentions > 0 ? (
    <span className="badge">
      <span aria-hidden="true">@</span>
      {upTo99(mentions)}
      <span className="sr-only">{mentions === 1 ? ' mention' : ' mentions'}, {unread} unread</span>
    </span>
  ) : (
    <span className={`badge${direct ? '' : ' quiet'}`}>
      {upTo99(unread)}
      <span className="sr-only"> unread</span>
    </span>
  );
}

const upTo99 = (count: number) => (count > 99 ? '99+' : count);
