import { memo } from 'react';
import { useHasDraft, useMe, useQuiet, useRoomSession, useUnread } from '../../hooks/useChatState';
import { roomHref } from '../../hooks/useRoute';
import { useSelect } from '../../hooks/useStore';
import type { Author, Room } from '../../protocol/types';
import { otherMember, roomTitle } from '../../state/room/direct';
import { statusOf } from '../../state/room/presence';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/myRoom';
import { Avatar } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { UnreadBadge } from '../../ui/UnreadBadge';
import { classNames } from '../../ui/classNames';
import styles from './RoomLink.module.css';

/** A link to a room. It renders only if its room or what it reads has changed: a sidebar may have a thousand. */
export const RoomLink = memo(function RoomLink({ mine: { room }, current }: { mine: MyRoom; current: boolean }) {
  const me = useMe();
  const session = useRoomSession(room.id);
  const other = otherMember(room, me.id);
  const counts = useUnread(room.id);
  const quiet = useQuiet(room.id);
  const bold = counts.mentions > 0 || (counts.unread > 0 && !quiet);
  return (
    <a
      className={classNames(styles.link, bold && styles.hasUnread, quiet && styles.isQuiet)}
      href={roomHref(room.id)}
      aria-current={current ? 'page' : undefined}
    >
      {other && session ? <PersonName session={session} room={room} other={other} /> : (
        <>
          <Icon name={room.private ? 'lock' : 'hash'} />
          <span className={styles.name} dir="auto">{roomTitle(room, me.id)}</span>
        </>
      )}
      {session && !current && <DraftMark session={session} />}
      {quiet && <span className={styles.quietMark} title="Quiet"><Icon name="bell" /><span className="sr-only">quiet</span></span>}
      <UnreadBadge {...counts} direct={room.direct} quiet={quiet} />
    </a>
  );
});

/** The other user of a direct conversation, with presence and, if it is known, the status message. */
function PersonName({ session, room, other }: { session: RoomSession; room: Room; other: Author }) {
  const me = useMe();
  const status = useSelect(session.presence, (presence) => statusOf(presence, other.id));
  const says = useSelect(session.members.state, () => session.statusMessageOf(other.id));
  return (
    <>
      <Avatar person={other} status={status} size="s" className={styles.avatar} />
      <span className={styles.name} title={says || undefined}>
        {roomTitle(room, me.id)}
        {status !== 'unknown' && status !== 'offline' && <span className="sr-only"> {status}</span>}
        {says && <span className={styles.status} dir="auto">{says}</span>}
      </span>
    </>
  );
}

function DraftMark({ session }: { session: RoomSession }) {
  return useHasDraft(session) ? <span className={styles.draft}>Draft</span> : null;
}
