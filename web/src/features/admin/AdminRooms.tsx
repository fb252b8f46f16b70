import { useState } from 'react';
import { useMyRoom, useOnline } from '../../hooks/useChatState';
import { useDebouncedQuery } from '../../hooks/useDebouncedQuery';
import { roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Room } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { shortDate } from '../../ui/shortDate';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Pager } from '../../ui/Pager';
import { DeleteRoomDialog } from '../rooms/DeleteRoomDialog';
import { SearchField } from '../../ui/SearchField';
import { RoomSign } from '../../ui/RoomSign';
import styles from './Admin.module.css';

/** All rooms with their metadata. Messages are visible to members only. */
export function AdminRooms({ administration }: { administration: Administration }) {
  const state = useStore(administration.rooms.state);
  const { text, setText, pending } = useDebouncedQuery(administration.rooms);
  return (
    <>
      <SearchField className={styles.search} label="Search rooms" placeholder="Part of a name" text={text} onText={setText} />
      <Pager
        pages={administration.rooms}
        state={state}
        of="rooms"
        pending={pending}
        empty={
          text.trim() === '' ? (
            <EmptyState icon="hash" title="There are no rooms yet" />
          ) : (
            <EmptyState icon="search" title="No room found">{`No name contains “${text.trim()}”.`}</EmptyState>
          )
        }
        onRetry={() => void administration.rooms.query(text)}
      >
        {(room) => (
          <li key={room.id}>
            <RoomRow room={room} onDelete={() => administration.deleteRoom(room.id)} />
          </li>
        )}
      </Pager>
    </>
  );
}

function RoomRow({ room, onDelete }: { room: Room; onDelete: () => Promise<void> }) {
  const mine = useMyRoom(room.id);
  const online = useOnline();
  const [asking, setAsking] = useState(false);
  return (
    <div className="row">
      <RoomSign icon={room.direct ? 'message' : room.private ? 'lock' : 'hash'} />
      <div className="row-text">
        <p className={styles.name}>
          <span className="row-title">{room.name}</span>
          {room.direct && <span className="tag">Direct</span>}
          {room.private && !room.direct && <span className="tag">Private</span>}
          {room.hasPassword && <span className="tag">Password</span>}
        </p>
        <p className="row-facts">{factsOf(room)}</p>
      </div>
      {/* An admin of the server needs an invite to a private room too. */}
      {(mine !== undefined || !room.private) && (
        <a className="icon-button" href={roomHref(room.id)} aria-label={`Open ${room.name}`} title="Open this room">
          <Icon name="enter" />
        </a>
      )}
      <button type="button" className="icon-button" aria-label={`Delete ${room.name}`} title="Delete this room" disabled={!online} onClick={() => setAsking(true)}>
        <Icon name="trash" />
      </button>
      {asking && <DeleteRoomDialog room={room} onDelete={onDelete} onClose={() => setAsking(false)} />}
    </div>
  );
}

function factsOf({ memberCount, onlineCount, createdAt, description }: Room): string {
  const online = onlineCount === null || onlineCount === 0 ? [] : [`${onlineCount} online`];
  return [memberCount === 1 ? '1 member' : `${memberCount} members`, ...online, `since ${shortDate(createdAt)}`, ...(description ? [description] : [])].join(' · ');
}
