import { useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { Ban } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { dayOf } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';

/** The banned users of a room. */
export function BansDialog({ session, onClose }: { session: RoomSession; onClose: () => void }) {
  const online = useOnline();
  const state = useStore(session.admin.bans.state);

  useEffect(() => {
    void session.admin.bans.load();
  }, [session, online]);

  return (
    <Dialog title="Banned" description="They cannot join until the ban is lifted." onClose={onClose}>
      {state.kind === 'loading' && <Skeleton label="Loading bans" rows={3} avatars />}
      {state.kind === 'failed' && (
        <EmptyState title={online ? 'The list could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void session.admin.bans.load() }} />
      )}
      {state.kind === 'ready' && state.value.length === 0 && <EmptyState icon="people" title="Nobody is banned" />}
      {state.kind === 'ready' && state.value.length > 0 && (
        <ul className="rows">
          {state.value.map((ban) => (
            <li key={ban.user.id}>
              <BanRow session={session} ban={ban} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function BanRow({ session, ban: { user, by, reason, createdAt } }: { session: RoomSession; ban: Ban }) {
  const online = useOnline();
  const [action, run] = useAction();
  return (
    <div className="row">
      <Avatar person={user} />
      <div className="row-text">
        <p className="row-title">{nameOf(user)}</p>
        <p className="row-facts">
          {reason && `“${reason}” · `}by {nameOf(by)}, {dayOf(createdAt)}
        </p>
        <ActionError action={action} />
      </div>
      <button
        type="button"
        className="button"
        aria-label={`Lift the ban of ${nameOf(user)}`}
        disabled={!online || action.kind === 'busy'}
        onClick={() => void run(() => session.admin.unban(user.id))}
      >
        {action.kind === 'busy' ? 'Lifting…' : 'Lift ban'}
      </button>
    </div>
  );
}
