import { type ComponentType, useEffect, useState } from 'react';
import { useOnline } from '../hooks/useChatState';
import { EmptyState, Skeleton } from '../ui/EmptyState';

/** Returns a component that is loaded when it is first rendered. If loading fails, the user can retry. */
export function lazyWithRetry<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Later(props: P) {
    const online = useOnline();
    const [Part, setPart] = useState(() => loaded);
    const [failed, setFailed] = useState(false);
    const [tries, setTries] = useState(0);

    // Loads again after a reconnect.
    useEffect(() => {
      if (Part !== undefined) return undefined;
      let mounted = true;
      load().then(
        (part) => {
          loaded = part;
          if (mounted) setPart(() => part);
        },
        () => mounted && setFailed(true),
      );
      return () => {
        mounted = false;
      };
    }, [Part, online, tries]);

    if (Part !== undefined) return <Part {...props} />;
    if (!failed) return <Skeleton label="Loading" rows={4} />;
    return (
      <EmptyState icon="alert" title={online ? 'This part could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => setTries(tries + 1) }}>
        {online ? 'If it fails again, reload the page: the server may have a newer version.' : 'This part loads when you are connected.'}
      </EmptyState>
    );
  };
}

export const Webhooks = lazyWithRetry(async () => (await import('./integrations/Webhooks')).Webhooks);
export const Bots = lazyWithRetry(async () => (await import('./integrations/Bots')).Bots);
export const EmojiPanel = lazyWithRetry(async () => (await import('./emoji/EmojiPanel')).EmojiPanel);
export const AdminView = lazyWithRetry(async () => (await import('./admin/AdminView')).AdminView);
export const SearchView = lazyWithRetry(async () => (await import('./search/SearchView')).SearchView);
export const MembersPanel = lazyWithRetry(async () => (await import('./members/MembersPanel')).MembersPanel);
export const AccountSettings = lazyWithRetry(async () => (await import('./account/AccountSettings')).AccountSettings);
export const RoomDirectory = lazyWithRetry(async () => (await import('./rooms/RoomDirectory')).RoomDirectory);
export const InvitePage = lazyWithRetry(async () => (await import('./rooms/InvitePage')).InvitePage);
