import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useHasDraft, useMe, useOnline, useOwnStatus, useQuiet, useRooms, useRoomSession, useUnread } from '../../hooks/useChatState';
import { findHref, homeHref, roomHref, type Route, searchHref } from '../../hooks/useRoute';
import { useSelect, useStore } from '../../hooks/useStore';
import type { Author, Room } from '../../protocol/types';
import { otherMember, roomTitle } from '../../state/room/direct';
import { sidebarOrder } from '../../state/quickSwitch';
import { statusOf } from '../../state/room/presence';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/unread';
import { AdminLink } from './AdminLink';
import { NotificationsPrompt } from './NotificationsPrompt';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ConnectionStatus } from './ConnectionStatus';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon, Logo } from '../../ui/Icon';
import { CTRL } from '../../ui/keyNames';
import { ThemeSwitch } from '../../ui/ThemeSwitch';
import { UnreadBadge } from '../../ui/UnreadBadge';

interface SidebarProps {
  route: Route;
  onCreate: () => void;
  onAccount: () => void;
  onSignOut: () => void;
  onSwitch: () => void;
}

/** A filter is worth its place only where there is something to filter. */
const FILTER_FROM = 8;

export function Sidebar({ route, onCreate, onAccount, onSignOut, onSwitch }: SidebarProps) {
  return (
    <div className="sidebar">
      <header className="sidebar-head">
        <a className="brand" href={homeHref} aria-label="Chillin, home">
          <Logo /> Chillin
        </a>
        <button
          type="button"
          className="icon-button sidebar-switch"
          aria-label="Go to a room or a person"
          aria-haspopup="dialog"
          aria-keyshortcuts="Control+K Meta+K"
          title={`Go to a room or a person (${CTRL}+K)`}
          onClick={onSwitch}
        >
          <Icon name="go" />
        </button>
        <button type="button" className="icon-button" aria-label="New room" title="New room" onClick={onCreate}>
          <Icon name="plus" />
        </button>
      </header>
      <nav className="sidebar-rooms" aria-label="Rooms">
        <a className="room-link find-link" href={findHref} aria-current={route.kind === 'find' ? 'page' : undefined}>
          <Icon name="compass" />
          <span className="room-link-name">Find rooms</span>
        </a>
        <a className="room-link" href={searchHref()} aria-current={route.kind === 'search' ? 'page' : undefined}>
          <Icon name="search" />
          <span className="room-link-name">Search</span>
        </a>
        <AdminLink current={route.kind === 'admin'} />
        <RoomList current={route.kind === 'room' ? route.id : undefined} />
      </nav>
      <NotificationsPrompt />
      <ConnectionStatus />
      <Me onAccount={onAccount} onSignOut={onSignOut} />
    </div>
  );
}

function RoomList({ current }: { current: number | undefined }) {
  const me = useMe();
  const state = useRooms();
  const lastSaid = useStore(useChat().lastMessageAt);
  const [filter, setFilter] = useState('');
  if (state.kind === 'loading') return <Skeleton label="Loading your rooms" rows={5} />;
  if (state.rooms.length === 0) {
    return (
      <EmptyState title="No rooms yet">Find one that is open to all, or make your own.</EmptyState>
    );
  }
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = state.rooms.filter(({ room }) => roomTitle(room, me.id).toLocaleLowerCase().includes(wanted));
  const { rooms, people } = sidebarOrder(shown, lastSaid);
  return (
    <>
      <h2 className="sidebar-title">Your rooms</h2>
      {state.rooms.length >= FILTER_FROM && (
        <input
          type="search"
          className="filter"
          placeholder="Filter"
          aria-label="Filter your rooms"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      <RoomLinks rooms={rooms} current={current} />
      {people.length > 0 && (
        <>
          <h2 className="sidebar-title">People</h2>
          <RoomLinks rooms={people} current={current} />
        </>
      )}
      {shown.length === 0 && <p className="sidebar-none">Nothing of yours is called that.</p>}
    </>
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

function RoomLink({ mine: { room }, current }: { mine: MyRoom; current: boolean }) {
  const me = useMe();
  const session = useRoomSession(room.id);
  const other = otherMember(room, me.id);
  const counts = useUnread(room.id);
  const quiet = useQuiet(room.id);
  const bold = counts.mentions > 0 || (counts.unread > 0 && !quiet);
  return (
    <a
      className={`room-link${bold ? ' has-unread' : ''}${quiet ? ' is-quiet' : ''}`}
      href={roomHref(room.id)}
      aria-current={current ? 'page' : undefined}
    >
      {other && session ? <PersonName session={session} room={room} other={other} /> : (
        <>
          <Icon name={room.private ? 'lock' : 'hash'} />
          <span className="room-link-name">{roomTitle(room, me.id)}</span>
        </>
      )}
      {session && !current && <DraftMark session={session} />}
      {quiet && <span className="room-link-quiet" title="Quiet"><Icon name="bell" /><span className="sr-only">quiet</span></span>}
      <UnreadBadge {...counts} direct={room.direct} quiet={quiet} />
    </a>
  );
}

/** Somebody one talks with: whether they are there, and what they say of themselves where that is known. */
function PersonName({ session, room, other }: { session: RoomSession; room: Room; other: Author }) {
  const me = useMe();
  const status = useSelect(session.presence, (presence) => statusOf(presence, other.id));
  const says = useSelect(session.members.state, () => session.statusMessageOf(other.id));
  return (
    <>
      <Avatar person={other} status={status} size="s" />
      <span className="room-link-name" title={says || undefined}>
        {roomTitle(room, me.id)}
        {status !== 'unknown' && status !== 'offline' && <span className="sr-only"> {status}</span>}
        {says && <span className="room-link-says">{says}</span>}
      </span>
    </>
  );
}

function DraftMark({ session }: { session: RoomSession }) {
  return useHasDraft(session) ? <span className="room-link-draft">Draft</span> : null;
}

function Me({ onAccount, onSignOut }: { onAccount: () => void; onSignOut: () => void }) {
  const me = useMe();
  const status = useOwnStatus();
  const online = useOnline();
  return (
    <footer className="me">
      <button type="button" className="me-button" title="Your account" aria-haspopup="dialog" onClick={onAccount}>
        <Avatar person={me} status={online ? status : 'offline'} />
        <span className="me-names">
          <span className="sr-only">Your account: </span>
          <span className="me-name">{nameOf(me)}</span>
          <span className="me-user">{me.guest ? 'Guest, for 24 hours' : `@${me.username}`}</span>
        </span>
      </button>
      <ThemeSwitch />
      <button type="button" className="icon-button" aria-label="Sign out" title="Sign out" onClick={onSignOut}>
        <Icon name="leave" />
      </button>
    </footer>
  );
}
