import { useState } from 'react';
import { useMe, useOnline, useOwnStatus, useRooms, useUnread } from '../hooks/useChatState';
import { findHref, homeHref, roomHref, type Route, searchHref } from '../hooks/useRoute';
import { otherIn, titleOf } from '../state/direct';
import type { MyRoom, Unread } from '../state/unread';
import { Avatar, nameOf } from './Avatar';
import { ConnectionLine } from './ConnectionLine';
import { Face, Skeleton } from './Face';
import { Icon, Logo } from './Icon';
import { ThemeSwitch } from './ThemeSwitch';

interface SidebarProps {
  route: Route;
  onCreate: () => void;
  onAccount: () => void;
  onSignOut: () => void;
}

/** A filter is worth its place only where there is something to filter. */
const FILTER_FROM = 8;

export function Sidebar({ route, onCreate, onAccount, onSignOut }: SidebarProps) {
  return (
    <div className="sidebar">
      <header className="sidebar-head">
        <a className="brand" href={homeHref} aria-label="Chillin, home">
          <Logo /> Chillin
        </a>
        <button type="button" className="icon-button" aria-label="New room" title="New room" onClick={onCreate}>
          <Icon name="plus" />
        </button>
      </header>
      <nav className="sidebar-rooms" aria-label="Rooms">
        <a className="room-link find-link" href={findHref} aria-current={route.kind === 'find' ? 'page' : undefined}>
          <Icon name="compass" />
          <span className="room-link-name">Find rooms</span>
        </a>
        <a className="room-link" href={searchHref()} aria-current={route.kind === 'search' ? 'page' : undefined} title="Ctrl+K" aria-keyshortcuts="Control+K Meta+K">
          <Icon name="search" />
          <span className="room-link-name">Search</span>
        </a>
        <RoomList current={route.kind === 'room' ? route.id : undefined} />
      </nav>
      <ConnectionLine />
      <Me onAccount={onAccount} onSignOut={onSignOut} />
    </div>
  );
}

function RoomList({ current }: { current: number | undefined }) {
  const me = useMe();
  const state = useRooms();
  const [filter, setFilter] = useState('');
  if (state.kind === 'loading') return <Skeleton label="Loading your rooms" rows={5} />;
  if (state.rooms.length === 0) {
    return (
      <Face title="No rooms yet">Find one that is open to all, or make your own.</Face>
    );
  }
  const wanted = filter.trim().toLocaleLowerCase();
  const shown = state.rooms.filter(({ room }) => titleOf(room, me.id).toLocaleLowerCase().includes(wanted));
  const rooms = shown.filter(({ room }) => !room.direct);
  const people = shown.filter(({ room }) => room.direct);
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
      <Links rooms={rooms} current={current} />
      {people.length > 0 && (
        <>
          <h2 className="sidebar-title">People</h2>
          <Links rooms={people} current={current} />
        </>
      )}
      {shown.length === 0 && <p className="sidebar-none">Nothing of yours is called that.</p>}
    </>
  );
}

function Links({ rooms, current }: { rooms: readonly MyRoom[]; current: number | undefined }) {
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
  const other = otherIn(room, me.id);
  const { unread, mentions } = useUnread(room.id);
  return (
    <a
      className={`room-link${unread > 0 ? ' has-unread' : ''}`}
      href={roomHref(room.id)}
      aria-current={current ? 'page' : undefined}
    >
      {other ? <Avatar person={other} size="s" /> : <Icon name={room.private ? 'lock' : 'hash'} />}
      <span className="room-link-name">{titleOf(room, me.id)}</span>
      <Badge unread={unread} mentions={mentions} />
    </a>
  );
}

/** Who is named comes first: it is told in place of what is merely unread. */
function Badge({ unread, mentions }: Unread) {
  if (unread === 0) return null;
  return mentions > 0 ? (
    <span className="badge">
      <span aria-hidden="true">@</span>
      {upTo99(mentions)}
      <span className="sr-only">{mentions === 1 ? ' mention' : ' mentions'}, {unread} unread</span>
    </span>
  ) : (
    <span className="badge quiet">
      {upTo99(unread)}
      <span className="sr-only"> unread</span>
    </span>
  );
}

const upTo99 = (count: number) => (count > 99 ? '99+' : count);

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
