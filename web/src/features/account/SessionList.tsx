import { useEffect } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline, useSessions } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import type { Session } from '../../protocol/types';
import { deviceName } from '../../state/sessions';
import { ActionError } from '../../ui/ActionError';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { EmptyState, Skeleton } from '../../ui/EmptyState';

export function SessionList() {
  const chat = useChat();
  const online = useOnline();
  const state = useSessions();

  // Loads again after a reconnect.
  useEffect(() => {
    void chat.profile.sessions.load();
  }, [chat, online]);

  return (
    <section className="dialog-section" aria-labelledby="sessions-title">
      <h3 id="sessions-title">Where you are signed in</h3>
      {state.kind === 'loading' && <Skeleton label="Loading sessions" rows={2} />}
      {state.kind === 'failed' && (
        <EmptyState
          title={online ? 'The list could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void chat.profile.sessions.load() }}
        >
          {online ? state.reason : 'The list loads when you are connected.'}
        </EmptyState>
      )}
      {state.kind === 'ready' && (
        <ul className="rows">
          {state.value.map((session) => (
            <li key={session.id}>
              <SessionRow session={session} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function SessionRow({ session }: { session: Session }) {
  const chat = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  const device = deviceName(session.userAgent);
  return (
    <div className="row">
      <div className="row-text">
        <p className="row-title" title={session.userAgent}>
          {device} {session.current && <span className="tag">This device</span>}
        </p>
        <p className="row-facts">
          {session.ip || 'Unknown place'} · <time dateTime={session.lastSeenAt} title={fullDate(session.lastSeenAt)}>{lastSeen(session)}</time>
        </p>
        <ActionError action={action} />
      </div>
      {!session.current && (
        <button
          type="button"
          className="button"
          aria-label={`End the session of ${device}, ${session.ip}`}
          disabled={!online || action.kind === 'busy'}
          onClick={() => void run(() => chat.profile.sessions.end(session.id))}
        >
          {action.kind === 'busy' ? 'Ending…' : 'End'}
        </button>
      )}
    </div>
  );
}

function lastSeen({ current, lastSeenAt }: Session): string {
  return current ? 'now' : `${dayOf(lastSeenAt)}, ${timeOf(lastSeenAt)}`;
}
