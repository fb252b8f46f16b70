import { useState } from 'react';
import { useMe, useMemberCount } from '../../hooks/useChatState';
import { homeHref, searchHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import { otherMember, roomTitle } from '../../state/room/direct';
import { onlineCount, statusOf } from '../../state/room/presence';
import { can } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/myRoom';
import { Avatar } from '../../ui/Avatar';
import { Dialog } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { LinkedText } from '../../ui/LinkedText';
import { PersonButton } from '../../ui/PersonButton';
import { RoomActions } from './RoomActions';
import styles from './RoomHead.module.css';

interface RoomHeadProps {
  mine: MyRoom;
  session: RoomSession;
  membersOpen: boolean;
  onMembers: () => void;
  onSettings: () => void;
  onLeave: () => void;
}

export function RoomHead({ mine: { room, role }, session, membersOpen, onMembers, onSettings, onLeave }: RoomHeadProps) {
  const online = onlineCount(useStore(session.presence));
  const members = useStore(session.members.state);
  const memberCount = useMemberCount(session);
  const me = useMe();
  const other = otherMember(room, me.id);
  const presence = useStore(session.presence);
  const listed = (members.kind === 'ready' || members.kind === 'refreshing') && members.next === undefined ? members.items.length : undefined;
  const count = listed ?? memberCount;
  const [aboutOpen, setAboutOpen] = useState(false);
  const about = other ? session.statusMessageOf(other.id) : room.description;
  const openSettings = !room.direct && can(role, 'changeRoom') ? onSettings : undefined;
  // A direct conversation cannot be left.
  const leave = room.direct ? undefined : onLeave;
  return (
    <header className={styles.head}>
      <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
        <Icon name="back" />
      </a>
      <div className={styles.names}>
        <h1 id="room-title">
          {other ? (
            <PersonButton person={other} className={styles.person}>
              <Avatar person={other} status={statusOf(presence, other.id)} size="s" className={styles.avatar} />
              <span className={styles.title} dir="auto">{roomTitle(room, me.id)}</span>
            </PersonButton>
          ) : (
            <>
              <Icon name={room.private ? 'lock' : 'hash'} />
              <span className={styles.title} dir="auto">{roomTitle(room, me.id)}</span>
            </>
          )}
        </h1>
        {about && other && <p className={styles.status} dir="auto">{about}</p>}
        {about && !other && (
          <button type="button" className={styles.about} dir="auto" title={about} aria-haspopup="dialog" onClick={() => setAboutOpen(true)}>
            {about}
          </button>
        )}
      </div>
      <a className={`icon-button ${styles.search}`} href={searchHref(room.id)} aria-label={`Search in ${roomTitle(room, me.id)}`} title="Search in this room">
        <Icon name="search" />
      </a>
      <button
        type="button"
        className={styles.membersButton}
        aria-expanded={membersOpen}
        aria-label={`Members, ${count}${online === undefined ? '' : `, ${online} online`}`}
        onClick={onMembers}
      >
        <Icon name="people" />
        <span aria-hidden="true">{count}</span>{' '}
        {online !== undefined && online > 0 && !room.direct && (
          <span className={styles.online} aria-hidden="true">
            {online} online
          </span>
        )}
      </button>
      <RoomActions room={room} onSettings={openSettings} onLeave={leave} />
      {aboutOpen && (
        <Dialog title={roomTitle(room, me.id)} onClose={() => setAboutOpen(false)}>
          <p className={styles.topic} dir="auto">
            <LinkedText text={about} />
          </p>
        </Dialog>
      )}
    </header>
  );
}
