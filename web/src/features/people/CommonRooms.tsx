import { useId } from 'react';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Room } from '../../protocol/types';
import type { ResourceState } from '../../state/resource';
import { Icon } from '../../ui/Icon';
import styles from './PersonCard.module.css';

/** The rooms that both people are members of. */
export function CommonRooms({ state, onClose }: { state: ResourceState<readonly Room[]>; onClose: () => void }) {
  const titleId = useId();
  if (state.kind === 'loading') return null;
  return (
    <section className={styles.common} aria-labelledby={titleId}>
      <h3 id={titleId}>Rooms in common</h3>
      {state.kind === 'failed' && <p className={styles.note}>They could not be loaded.</p>}
      {state.kind === 'ready' && state.value.length === 0 && <p className={styles.note}>None</p>}
      {state.kind === 'ready' && state.value.length > 0 && (
        <ul className={styles.rooms}>
          {state.value.map((room) => (
            <li key={room.id}>
              <a
                href={roomHref(room.id)}
                onClick={(event) => {
                  // Another tab or window is the browser's.
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  goTo(roomHref(room.id));
                  onClose();
                }}
              >
                <Icon name={room.private ? 'lock' : 'hash'} size={14} /> <bdi>{room.name}</bdi>
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
