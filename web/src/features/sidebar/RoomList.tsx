import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useRooms } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import { roomTitle } from '../../state/room/direct';
import { sidebarOrder } from '../../state/quickSwitch';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { RoomSection } from './RoomSection';
import styles from './Sidebar.module.css';

/** The filter is shown from this number of rooms on. */
const FILTER_FROM = 8;

export function RoomList({ current, onNewMessage }: { current: number | undefined; onNewMessage: () => void }) {
  const me = useMe();
  const state = useRooms();
  const lastSaid = useStore(useChat().rooms.lastMessageAt);
  const [filter, setFilter] = useState('');
  if (state.kind !== 'ready') return <Skeleton label="Loading your rooms" rows={5} />;
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = wanted === '' ? state.value : state.value.filter(({ room }) => roomTitle(room, me.id).toLocaleLowerCase().includes(wanted));
  const { rooms, people } = sidebarOrder(shown, lastSaid);
  const section = { current, filtered: wanted !== '' };
  return (
    <>
      {state.value.length === 0 && <EmptyState title="No rooms yet">Find an open room, or create one.</EmptyState>}
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
      {state.value.length > 0 && <RoomSection {...section} name="rooms" title="Your rooms" rooms={rooms} next={{ name: 'people', label: 'Go to people' }} />}
      <RoomSection
        {...section}
        name="people"
        title="People"
        rooms={people}
        action={
          <button type="button" className="icon-button" aria-label="New message" title="New message" aria-haspopup="dialog" onClick={onNewMessage}>
            <Icon name="plus" size={16} />
          </button>
        }
      />
      {wanted !== '' && shown.length === 0 && <p className={styles.none}>No room or person matches.</p>}
    </>
  );
}
