import type { ReactNode } from 'react';
import { useChat } from '../../hooks/context';
import { useIsBlocked, useMe, useMyRoom, useOnline, useRoomSession } from '../../hooks/useChatState';
import { usePersonDetails } from '../../hooks/usePersonDetails';
import { useStore } from '../../hooks/useStore';
import type { Author } from '../../protocol/types';
import { isDeleted } from '../../state/person';
import { onlineStatus, type Presence, statusOf, unknownPresence } from '../../state/room/presence';
import { Store } from '../../state/store';
import { Avatar, nameOf } from '../../ui/Avatar';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { PersonActions } from './PersonActions';
import { PersonFacts } from './PersonFacts';
import { CommonRooms } from './CommonRooms';
import styles from './PersonCard.module.css';

export interface PersonCardProps {
  person: Author;
  roomId: number | undefined;
  /** Shows a dialog in place of the card. */
  onDialog: (dialog: ReactNode) => void;
  onProfile: () => void;
  onClose: () => void;
}

/** Where there is no room. */
const noPresence = new Store<Presence>(unknownPresence);
const noMembers = new Store<undefined>(undefined);

/** Who a person is, and what the user can do: write, mention, block and moderate. */
export function PersonCard({ person, roomId, onDialog, onProfile, onClose }: PersonCardProps) {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const session = useRoomSession(roomId ?? 0);
  const mine = useMyRoom(roomId ?? 0);
  const presence = useStore(session?.presence ?? noPresence);
  const members = useStore<unknown>(session?.members.state ?? noMembers);
  const details = usePersonDetails(person.id, roomId, members);
  const user = useStore(details.user.state);
  const member = useStore(details.member.state);
  const rooms = useStore(details.rooms.state);
  const blocked = useIsBlocked(person.id);

  const self = person.id === me.id;
  const known = user.kind === 'ready' ? user.value : undefined;
  const shown: Author = self ? me : (known ?? person);
  const inRoom = member.kind === 'ready' ? (member.value ?? 'no member') : undefined;
  const deleted = isDeleted(shown);
  // The room knows the status of its members at any time.
  const here = inRoom === 'no member' || presence.kind === 'unknown' ? undefined : statusOf(presence, person.id);
  const status = deleted ? undefined : (here ?? onlineStatus(chat.rooms.sessions(), person.id));

  return (
    <div className={styles.card}>
      <div className={styles.head}>
        <Avatar person={shown} size="l" className={styles.avatar} />
        <div className={styles.names}>
          <h2 className={styles.name} dir="auto">
            {nameOf(shown)}
          </h2>
          {!deleted && <p className={styles.username}>@{shown.username}</p>}
        </div>
      </div>
      {user.kind === 'loading' && <Skeleton label="Loading" rows={3} />}
      {user.kind === 'failed' && (
        <EmptyState title={online ? 'The profile could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void details.load() }}>
          {online ? user.reason : 'The profile loads when you are connected.'}
        </EmptyState>
      )}
      {known && deleted && <p className={styles.note}>This account was deleted. Its messages stay.</p>}
      {known && !deleted && (
        <>
          <PersonFacts user={self ? me : known} status={status} member={inRoom} room={mine?.room} blocked={blocked} />
          {self ? (
            <div className={styles.actions}>
              <button
                type="button"
                className="button"
                onClick={() => {
                  onClose();
                  onProfile();
                }}
              >
                <Icon name="pencil" /> Edit profile
              </button>
            </div>
          ) : (
            <PersonActions user={known} blocked={blocked} session={session} member={inRoom === 'no member' ? undefined : inRoom} onDialog={onDialog} onClose={onClose} />
          )}
          {!self && <CommonRooms state={rooms} onClose={onClose} />}
        </>
      )}
      <button type="button" className={`icon-button ${styles.close}`} aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}
