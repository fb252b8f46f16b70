import { useEffect, useState } from 'react';
import { goTo, type Route, searchHref, useRoute } from '../hooks/useRoute';
import { useUnreadTotal } from '../hooks/useChatState';
import { AccountDialog } from './AccountDialog';
import { CloseAccountDialog } from './CloseAccountDialog';
import { ConnectionBar } from './ConnectionLine';
import { CreateRoomDialog } from './CreateRoomDialog';
import { Finder } from './Finder';
import { Notices } from './Notices';
import { RoomView } from './RoomView';
import { SearchView } from './SearchView';
import { Sidebar } from './Sidebar';
import { SignOutDialog } from './SignOutDialog';

type Open = 'nothing' | 'create' | 'account' | 'end' | 'sign-out';

/** The two panes: rooms, and what is open. A phone shows one of them. */
export function Shell() {
  const route = useRoute();
  const unread = useUnreadTotal('unread');
  const mentions = useUnreadTotal('mentions');
  const [open, setOpen] = useState<Open>('nothing');
  const close = () => setOpen('nothing');

  useEffect(() => {
    const count = mentions > 0 ? `(@${mentions}) ` : unread > 0 ? `(${unread}) ` : '';
    document.title = `${count}Chillin`;
  }, [unread, mentions]);

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      // A dialog is to be done with first.
      if (document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      goTo(searchHref());
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, []);

  return (
    <div className="shell" data-pane={route.kind === 'home' ? 'rooms' : 'main'}>
      <a
        className="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the conversation
      </a>
      <Sidebar route={route} onCreate={() => setOpen('create')} onAccount={() => setOpen('account')} onSignOut={() => setOpen('sign-out')} />
      <main className="main" id="main" tabIndex={-1}>
        <ConnectionBar />
        <Pane route={route} onCreate={() => setOpen('create')} />
      </main>
      <Notices />
      {open === 'create' && <CreateRoomDialog onClose={close} />}
      {open === 'account' && <AccountDialog onClose={close} onEnd={() => setOpen('end')} />}
      {open === 'end' && <CloseAccountDialog onClose={close} />}
      {open === 'sign-out' && <SignOutDialog onClose={close} />}
    </div>
  );
}

function Pane({ route, onCreate }: { route: Route; onCreate: () => void }) {
  switch (route.kind) {
    case 'room':
      return <RoomView key={route.id} roomId={route.id} at={route.at} />;
    case 'search':
      return <SearchView roomId={route.room} />;
    default:
      return <Finder onCreate={onCreate} />;
  }
}
