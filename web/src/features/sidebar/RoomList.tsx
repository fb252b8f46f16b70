import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useRooms } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import { roomTitle } from '../../state/room/direct';
import { sidebarOrder } from '../../state/quickSwitch';
import type { MyRoom } from '../../state/room/myRoom';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { RoomLink } from './RoomLink';
import styles from './Sidebar.module.css';

/** The filter is shown from this number of rooms on. */
const FILTER_FROM = 8;

export function RoomList({ current, onNewMessage }: { current: number | undefined; onNewMessage: () => void }) {
  const me = useMe();
  const state = useRooms();
  const lastSaid = useStore(useChat().rooms.lastMessageAt);
  const [filter, setFilter] = useState('');
  if (state.kind !== 'ready') return <Skeleton label="Loading your rooms" rows={5} />;
  if (state.value.length === 0) {
    return (
      <>
        <EmptyState title="No rooms yet">Find an open room, or create one.</EmptyState>
        <PeopleTitle onNewMessage={onNewMessage} />
      </>
    );
  }
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = state.value.filter(({ room }) => roomTitle(room, me.id).toLocaleLowerCase().includes(wanted));
  const { rooms, people } = sidebarOrder(shown, lastSaid);
  return (
    <>
      <h2 className={styles.title}>Your rooms</h2>
      {state.value.length >= FILTER_FROM && (
        <input
          type="search"
          className={styles.filter}
          placeholder="Filter"
          aria-label="Filter your rooms"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      <RoomLinks rooms={rooms} current={current} />
      <PeopleTitle onNewMessage={onNewMessage} />
      <RoomLinks rooms={people} current={current} />
      {shown.length === 0 && <p className={styles.none}>No room or person matches.</p>}
    </>
  );
}

function PeopleTitle({ onNewMessage }: { onNewMessage: () => void }) {
  return (
    <div className={styles.people}>
      <h2 className={styles.title}>People</h2>
      <button type="button" className="icon-button" aria-label="New message" title="New message" aria-haspopup="dialog" onClick={onNewMessage}>
        <Icon name="plus" size={16} />
      </button>
    </div>
  );
}

function RoomLinks({ rooms, current }: { rooms: readonly MyRoom[]; current: number | undefined }) {
  return (
    <ul>
      {rooms.map((mine) => (
        <li key={mine.room.id}>
          <RoomLink mine={mine} current={mine.room.id === current} />
        </li>
      ))}
    </ul>
  );
}
