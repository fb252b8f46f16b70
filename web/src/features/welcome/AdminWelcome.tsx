import { useEffect, useState } from 'react';
import { useAction } from '../../hooks/useAction';
import { useChat } from '../../hooks/context';
import { useOnline, useRooms, useRoomSession } from '../../hooks/useChatState';
import { useInviteLinks } from '../../hooks/useInviteLinks';
import { absoluteUrl, adminHref, goTo, homeHref, type Route, roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import { openFirstRoom } from '../../state/firstRoom';
import { ActionError } from '../../ui/ActionError';
import { CopyField } from '../../ui/CopyField';
import { Icon } from '../../ui/Icon';
import styles from './AdminWelcome.module.css';

const RETRY_MS = 3_000;
const MAX_TRIES = 5;
const INVITE_SECONDS = 7 * 24 * 3_600;

/** The first visit of an admin: creates and opens the first room, then shows a hint with an invite there and on the start page. */
export function AdminWelcome({ route }: { route: Route }) {
  const { firstRun } = useChat();
  const state = useStore(firstRun.state);
  switch (state.kind) {
    case 'none':
      return null;
    case 'pending':
      return <FirstRoom />;
    case 'shown':
      return route.kind === 'home' || (route.kind === 'room' && route.id === state.roomId) ? <Hint roomId={state.roomId} /> : null;
  }
}

/** Creates the first room as soon as the server has sent the user's rooms. It renders nothing. */
function FirstRoom() {
  const chat = useChat();
  const ready = useRooms().kind === 'ready';
  const online = useOnline();
  const { create } = useInvite();
  const [tries, setTries] = useState(0);

  useEffect(() => {
    if (!ready || !online) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let mounted = true;
    openFirstRoom(chat.rooms).then(
      async (roomId) => {
        if (!mounted) return;
        // Do not take the user away from a page that they opened meanwhile.
        if (roomId !== undefined && ['', '#', homeHref].includes(location.hash)) goTo(roomHref(roomId));
        // Without the link the hint offers to create one.
        if (roomId !== undefined) await create(roomId).catch(() => undefined);
        chat.firstRun.show(roomId);
      },
      () => {
        if (!mounted) return;
        if (tries + 1 >= MAX_TRIES) chat.firstRun.show(undefined);
        else timer = setTimeout(() => setTries(tries + 1), RETRY_MS);
      },
    );
    return () => {
      mounted = false;
      clearTimeout(timer);
    };
  }, [chat, ready, online, tries, create]);

  return null;
}

function Hint({ roomId }: { roomId: number | undefined }) {
  const chat = useChat();
  const { link, create } = useInvite(roomId);
  const session = useRoomSession(roomId ?? 0);
  const [action, run] = useAction();
  return (
    <section className={styles.hint} aria-labelledby="welcome-title">
      <div className={styles.head}>
        <h2 id="welcome-title">You are the administrator of this server</h2>
        <button type="button" className="icon-button" aria-label="Dismiss this hint" title="Dismiss" onClick={() => chat.firstRun.dismiss()}>
          <Icon name="close" />
        </button>
      </div>
      {link !== undefined && <CopyField label="Invite link" value={link} note="Send it to the people you want to invite. It works for 7 days." />}
      <ActionError action={action} />
      <div className={styles.actions}>
        {link === undefined && session !== undefined && (
          <button type="button" className="button" disabled={action.kind === 'busy'} onClick={() => void run(() => create(session.id))}>
            {action.kind === 'busy' ? 'Creating…' : 'Create an invite link'}
          </button>
        )}
        <a href={adminHref('server')}>Choose who may come in</a>
        <a href={adminHref('users')}>Manage users and limits</a>
      </div>
    </section>
  );
}

/** The newest link to a room that this browser created. */
function useInvite(roomId?: number) {
  const chat = useChat();
  const invites = useInviteLinks();
  const known = useStore(invites.links).find((link) => link.roomId === roomId);
  const [create] = useState(() => async (room: number) => {
    const session = chat.rooms.session(room);
    if (session !== undefined) invites.add(room, await session.admin.createInvite({ expiresIn: INVITE_SECONDS }));
  });
  return { link: known && absoluteUrl(known.url), create };
}
