import type { KeyboardEvent } from 'react';
import { useAction } from '../../hooks/useAction';
import { useChat } from '../../hooks/context';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Places } from '../../state/placeSearch';
import { Avatar, nameOf } from '../../ui/Avatar';
import { FormError } from '../../ui/FormError';
import { RoomSign } from '../../ui/RoomSign';
import styles from './SearchView.module.css';

/** The rooms and people that match the search, above the messages. */
export function SearchPlaces({ places: { rooms, people }, onKey }: { places: Places; onKey: (event: KeyboardEvent) => void }) {
  const chat = useChat();
  const [action, run] = useAction();
  if (rooms.length + people.length === 0) return null;
  return (
    <section aria-label="Rooms and people">
      <h2 className={styles.heading}>Rooms and people</h2>
      <ul className={styles.places}>
        {rooms.map((room) => (
          <li key={`room ${room.id}`}>
            <a className={styles.place} href={roomHref(room.id)} onKeyDown={onKey}>
              <RoomSign icon={room.private ? 'lock' : 'hash'} />
              <span className={styles.author} dir="auto">
                {room.name}
              </span>
            </a>
          </li>
        ))}
        {people.map((user) => (
          <li key={`person ${user.id}`}>
            <button type="button" className={styles.place} disabled={action.kind === 'busy'} onKeyDown={onKey} onClick={() => void run(async () => goTo(roomHref((await chat.rooms.openDirect(user.id)).id)))}>
              <Avatar person={user} />
              <span className={styles.author} dir="auto">
                {nameOf(user)}
              </span>{' '}
              <span className={styles.room}>@{user.username}</span>
            </button>
          </li>
        ))}
      </ul>
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      <h2 className={styles.heading}>Messages</h2>
    </section>
  );
}
