import { useNarrow } from '../../hooks/useNarrow';
import { findHref, homeHref, type Route, searchHref } from '../../hooks/useRoute';
import { AdminLink } from './AdminLink';
import { NotificationsPrompt } from './NotificationsPrompt';
import { ConnectionStatus } from './ConnectionStatus';
import { Icon, Logo } from '../../ui/Icon';
import { CTRL } from '../../ui/keyNames';
import { RoomList } from './RoomList';
import { Me } from './AccountBar';
import roomLinkStyles from './RoomLink.module.css';
import styles from './Sidebar.module.css';

interface SidebarProps {
  route: Route;
  onCreate: () => void;
  onSignOut: () => void;
  onSwitch: () => void;
  onNewMessage: () => void;
}

export function Sidebar({ route, onCreate, onSignOut, onSwitch, onNewMessage }: SidebarProps) {
  // On a phone the list of rooms is a page of its own.
  const isPage = useNarrow() && route.kind === 'home';
  const Element = isPage ? 'main' : 'div';
  return (
    <Element className={styles.sidebar}>
      {isPage && <h1 className="sr-only">Your rooms</h1>}
      <header className={styles.head}>
        <a className="brand" href={homeHref} aria-label="Chillin, home">
          <Logo /> Chillin
        </a>
        <button
          type="button"
          className={`icon-button ${styles.switch}`}
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
      <nav className={styles.rooms} aria-label="Rooms">
        <a className={`${roomLinkStyles.link}`} href={findHref} aria-current={route.kind === 'find' ? 'page' : undefined}>
          <Icon name="compass" />
          <span className={roomLinkStyles.name}>Find rooms</span>
        </a>
        <a className={roomLinkStyles.link} href={searchHref()} aria-current={route.kind === 'search' ? 'page' : undefined}>
          <Icon name="search" />
          <span className={roomLinkStyles.name}>Search</span>
        </a>
        <AdminLink current={route.kind === 'admin'} />
        <RoomList current={route.kind === 'room' ? route.id : undefined} onNewMessage={onNewMessage} />
      </nav>
      <NotificationsPrompt />
      <ConnectionStatus />
      <Me current={route.kind === 'settings'} onSignOut={onSignOut} />
    </Element>
  );
}
