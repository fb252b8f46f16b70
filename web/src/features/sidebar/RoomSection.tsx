import type { ReactNode } from 'react';
import { useChat } from '../../hooks/context';
import { useSelect, useStore } from '../../hooks/useStore';
import type { SidebarSection } from '../../state/preferences';
import type { MyRoom } from '../../state/room/myRoom';
import { Icon } from '../../ui/Icon';
import { VirtualBlocks } from '../../ui/VirtualBlocks';
import { RoomLink } from './RoomLink';
import styles from './RoomSection.module.css';

/** A longer section has a button that goes to the next one. */
const LONG = 12;
/** The height of a link, in pixels. */
const LINK_PX = 33;

interface RoomSectionProps {
  name: SidebarSection;
  title: string;
  rooms: readonly MyRoom[];
  /** The open room. */
  current: number | undefined;
  /** The rooms are the results of a filter: a folded section shows them all. */
  filtered: boolean;
  next?: { name: SidebarSection; label: string } | undefined;
  /** A button in the head. */
  action?: ReactNode;
}

/** A section of the sidebar that can be folded. Folded, it shows the open room and those with unread messages. */
export function RoomSection({ name, title, rooms, current, filtered, next, action }: RoomSectionProps) {
  const chat = useChat();
  const folded = useSelect(chat.preferences.folded, (sections) => sections.has(name));
  const unread = useStore(chat.rooms.unread);
  const quiet = useStore(chat.notifications.mutedRooms);

  const hasNews = ({ room }: MyRoom) => {
    const { unread: count = 0, mentions = 0 } = unread.get(room.id) ?? {};
    return mentions > 0 || (count > 0 && !quiet.has(room.id));
  };
  const visible = folded && !filtered ? rooms.filter((mine) => mine.room.id === current || hasNews(mine)) : rooms;
  return (
    <section aria-labelledby={idOf(name)}>
      <div className={styles.head}>
        <h2>
          <button type="button" id={idOf(name)} className={styles.fold} aria-expanded={!folded || filtered} onClick={() => chat.preferences.setFolded(name, !folded)}>
            <Icon name={folded ? 'fold' : 'unfold'} size={14} />
            {title}
          </button>
        </h2>
        {visible.length < rooms.length && <span className={styles.hidden}>{rooms.length - visible.length} more</span>}
        {next && visible.length > LONG && (
          <button type="button" className="icon-button" aria-label={next.label} title={next.label} onClick={() => goToSection(next.name)}>
            <Icon name="down" size={14} />
          </button>
        )}
        {action}
      </div>
      {/* A list element may not contain the blocks. */}
      <div role="list" aria-labelledby={idOf(name)}>
        <VirtualBlocks
          items={visible}
          estimate={LINK_PX}
          render={(mine, at) => (
            <div key={mine.room.id} role="listitem" aria-posinset={at + 1} aria-setsize={visible.length}>
              <RoomLink mine={mine} current={mine.room.id === current} />
            </div>
          )}
        />
      </div>
    </section>
  );
}

const idOf = (name: SidebarSection) => `sidebar-${name}`;

function goToSection(name: SidebarSection): void {
  const head = document.getElementById(idOf(name));
  head?.scrollIntoView({ block: 'start' });
  head?.focus({ preventScroll: true });
}
