import { type ContextType, useCallback, useState } from 'react';
import { useChat } from '../hooks/context';
import { useAttention } from '../hooks/useAttention';
import { useMe } from '../hooks/useChatState';
import { useKeyboardShortcuts } from '../hooks/useKeyboardShortcuts';
import { type OpenPerson, OpenPersonContext } from '../hooks/person';
import { goTo, type Route, settingsHref, useRoute } from '../hooks/useRoute';
import { useSelect } from '../hooks/useStore';
import { ConnectionBar } from '../features/sidebar/ConnectionStatus';
import { Dialog } from '../ui/Dialog';
import { AdminView, AdminWelcome, CreateRoomDialog, lazyWithRetry, RoomDirectory, SearchView, SettingsView, SignOutDialog } from '../features/lazy';
import { PersonPopup } from '../features/people/PersonPopup';
import { Notices } from '../ui/Notices';
import { RoomView } from '../features/room/RoomView';
import { Sidebar } from '../features/sidebar/Sidebar';
import { NewMessageDialog } from '../features/sidebar/NewMessageDialog';
import { QuickSwitcher } from '../features/sidebar/QuickSwitcher';
import styles from './Shell.module.css';

const Keys = lazyWithRetry(async () => (await import('./Keys')).Keys);

type Open = 'nothing' | 'new message' | 'create' | 'sign-out' | 'switcher' | 'keys';

/** The sidebar and the main pane. A phone shows one of them. */
export function Shell() {
  const route = useRoute();
  const [open, setOpen] = useState<Open>('nothing');
  const close = () => setOpen('nothing');
  const firstRun = useSelect(useChat().firstRun.state, ({ kind }) => kind !== 'none');
  const [person, setPerson] = useState<OpenPerson>();
  const openPerson = useCallback<ContextType<typeof OpenPersonContext>>((one, anchor) => setPerson({ person: one, anchor }), []);
  const closePerson = useCallback(() => setPerson(undefined), []);
  const roomId = route.kind === 'room' ? route.id : undefined;

  useAttention(route);
  useKeyboardShortcuts(roomId, {
    onSwitch: useCallback(() => setOpen('switcher'), []),
    onHelp: useCallback(() => setOpen('keys'), []),
  });

  return (
    <OpenPersonContext value={openPerson}>
      <div className={styles.shell} data-pane={route.kind === 'home' ? 'rooms' : 'main'}>
        <a
          className={styles.skipLink}
          href="#main"
          onClick={(event) => {
            event.preventDefault();
            document.getElementById('main')?.focus();
          }}
        >
          Skip to the conversation
        </a>
        <Sidebar route={route} onCreate={() => setOpen('create')} onSignOut={() => setOpen('sign-out')} onSwitch={() => setOpen('switcher')} onNewMessage={() => setOpen('new message')} />
        <main className={styles.main} id="main" tabIndex={-1}>
          <ConnectionBar />
          {firstRun && <AdminWelcome route={route} />}
          <Pane route={route} onCreate={() => setOpen('create')} />
        </main>
        <Notices />
        {open === 'create' && <CreateRoomDialog onClose={close} />}
        {open === 'sign-out' && <SignOutDialog onClose={close} />}
        {open === 'switcher' && <QuickSwitcher currentRoomId={roomId} onClose={close} />}
        {person && <PersonPopup open={person} roomId={roomId} onProfile={() => goTo(settingsHref('profile'))} onClose={closePerson} />}
        {open === 'new message' && <NewMessageDialog onClose={close} />}
        {open === 'keys' && (
          <Dialog title="Keyboard" onClose={close}>
            <Keys />
          </Dialog>
        )}
      </div>
    </OpenPersonContext>
  );
}

function Pane({ route, onCreate }: { route: Route; onCreate: () => void }) {
  const { role } = useMe();
  switch (route.kind) {
    case 'room':
      return <RoomView key={route.id} roomId={route.id} at={route.at} />;
    case 'search':
      return <SearchView roomId={route.room} />;
    case 'settings':
      return <SettingsView section={route.section} />;
    case 'admin':
      // Other users see the room directory.
      return role === 'admin' ? <AdminView section={route.section} userId={route.userId} /> : <RoomDirectory onCreate={onCreate} />;
    default:
      return <RoomDirectory onCreate={onCreate} />;
  }
}
