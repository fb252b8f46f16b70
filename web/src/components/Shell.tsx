import { useEffect, useState } from 'react';
import { useRoute } from '../hooks/useRoute';
import { useUnreadTotal } from '../hooks/useChatState';
import { AccountDialog } from './AccountDialog';
import { ConnectionBar } from './ConnectionLine';
import { CreateRoomDialog } from './CreateRoomDialog';
import { Finder } from './Finder';
import { Notices } from './Notices';
import { RoomView } from './RoomView';
import { Sidebar } from './Sidebar';
import { SignOutDialog } from './SignOutDialog';

type Open = 'nothing' | 'create' | 'account' | 'sign-out';

/** The two panes: rooms, and what is open. A phone shows one of them. */
export function Shell() {
  const route = useRoute();
  const unread = useUnreadTotal();
  const [open, setOpen] = useState<Open>('nothing');
  const close = () => setOpen('nothing');

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Chillin` : 'Chillin';
  }, [unread]);

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
        {route.kind === 'room' ? <RoomView key={route.id} roomId={route.id} at={route.at} /> : <Finder onCreate={() => setOpen('create')} />}
      </main>
      <Notices />
      {open === 'create' && <CreateRoomDialog onClose={close} />}
      {open === 'account' && <AccountDialog onClose={close} />}
      {open === 'sign-out' && <SignOutDialog onClose={close} />}
    </div>
  );
}
