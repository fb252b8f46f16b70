import { type ComponentType, type ReactNode, use, useEffect, useState } from 'react';
import { ChatContext } from '../hooks/context';
import { useSelect } from '../hooks/useStore';
import { Store } from '../state/store';
import type { ConnectionState } from '../transport/socket';
import { Dialog } from '../ui/Dialog';
import { EmptyState, Skeleton } from '../ui/EmptyState';

/** Without a chat there is no connection to wait for. */
const signedOut = new Store<ConnectionState>({ kind: 'connected' });

/** A component that is loaded when it is first rendered, or before. */
type Lazy<P> = ComponentType<P> & { preload: () => Promise<void> };

/**
 * Returns a component that is loaded when it is first rendered. If loading fails, the user can retry. `frame` is
 * around what is shown until it is loaded.
 */
export function lazyWithRetry<P extends object>(load: () => Promise<ComponentType<P>>, frame: (content: ReactNode, props: P) => ReactNode = (content) => content): Lazy<P> {
  let loaded: ComponentType<P> | undefined;
  const preload = async () => {
    loaded = await load();
  };
  return Object.assign(Later, { preload });

  function Later(props: P) {
    const online = useSelect(use(ChatContext)?.connection ?? signedOut, ({ kind }) => kind === 'connected');
    const [Part, setPart] = useState(() => loaded);
    const [failed, setFailed] = useState(false);
    const [tries, setTries] = useState(0);

    // Loads again after a reconnect.
    useEffect(() => {
      if (Part !== undefined) return undefined;
      let mounted = true;
      preload().then(
        () => mounted && setPart(() => loaded),
        () => mounted && setFailed(true),
      );
      return () => {
        mounted = false;
      };
    }, [Part, online, tries]);

    if (Part !== undefined) return <Part {...props} />;
    if (!failed) return frame(<Skeleton label="Loading" rows={4} />, props);
    return frame(
      <EmptyState icon="alert" title={online ? 'This part could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => setTries(tries + 1) }}>
        {online ? 'If it fails again, reload the page: the server may have a newer version.' : 'This part loads when you are connected.'}
      </EmptyState>,
      props,
    );
  }
}

/** Returns a dialog that is loaded when it is first opened. */
function lazyDialog<P extends { onClose: () => void }>(load: () => Promise<ComponentType<P>>): Lazy<P> {
  return lazyWithRetry(load, (content, { onClose }) => (
    <Dialog title="Loading…" onClose={onClose}>
      {content}
    </Dialog>
  ));
}

export const SignIn = lazyWithRetry(async () => (await import('./account/SignIn')).SignIn, (content) => <main>{content}</main>);
export const CreateRoomDialog = lazyDialog(async () => (await import('./rooms/CreateRoomDialog')).CreateRoomDialog);
export const PasswordDialog = lazyDialog(async () => (await import('./rooms/JoinDialog')).PasswordDialog);
export const SignOutDialog = lazyDialog(async () => (await import('./account/SignOutDialog')).SignOutDialog);
export const Webhooks = lazyWithRetry(async () => (await import('./integrations/Webhooks')).Webhooks);
export const Bots = lazyWithRetry(async () => (await import('./integrations/Bots')).Bots);
export const EmojiPanel = lazyWithRetry(async () => (await import('./emoji/EmojiPanel')).EmojiPanel);
export const AdminView = lazyWithRetry(async () => (await import('./admin/AdminView')).AdminView);
export const SearchView = lazyWithRetry(async () => (await import('./search/SearchView')).SearchView);
export const MembersPanel = lazyWithRetry(async () => (await import('./members/MembersPanel')).MembersPanel);
export const PersonCard = lazyWithRetry(async () => (await import('./people/PersonCard')).PersonCard);
export const SettingsView = lazyWithRetry(async () => (await import('./account/SettingsView')).SettingsView);
export const RoomDialogs = lazyDialog(async () => (await import('./room/RoomDialogs')).RoomDialogs);
export const RoomDirectory = lazyWithRetry(async () => (await import('./rooms/RoomDirectory')).RoomDirectory);
/** It renders nothing at first anyway. */
export const AdminWelcome = lazyWithRetry(async () => (await import('./welcome/AdminWelcome')).AdminWelcome, () => null);
export const InvitePage = lazyWithRetry(async () => (await import('./rooms/InvitePage')).InvitePage);
