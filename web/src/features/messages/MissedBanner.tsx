import { useChat } from '../../hooks/context';
import { messageHref } from '../../hooks/useRoute';
import type { RoomSession } from '../../state/room/session';
import { Icon } from '../../ui/Icon';
import styles from './MessageList.module.css';

/** The server stops counting here. */
const MAX_COUNTED = 1000;

/** Leads to unread messages above the visible ones, or marks them as read. */
export function MissedBanner({ session, count }: { session: RoomSession; count: number }) {
  const { reading } = useChat().rooms;
  const first = reading.mark(session.id).lastRead + 1;
  const href = messageHref(session.id, first);
  return (
    <div className={styles.missed}>
      {/* The address may be the same as before: then no hashchange follows. */}
      <a className={styles.toMissed} href={href} onClick={() => location.hash === href && void session.history.show(first)}>
        <Icon name="up" size={16} />
        {missedLabel(count)}: where you left off
      </a>
      <button type="button" className={styles.markRead} aria-label="Mark as read" title="Mark as read" onClick={() => reading.markAllRead(session)}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}

function missedLabel(count: number): string {
  if (count === 1) return 'One new message';
  return count >= MAX_COUNTED ? `More than ${MAX_COUNTED} new messages` : `${count} new messages`;
}
