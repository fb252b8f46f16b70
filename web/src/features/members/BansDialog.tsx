import { type FormEvent, useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { type Deed, useDeed } from '../../hooks/useDeed';
import { useStore } from '../../hooks/useStore';
import type { Ban, User } from '../../protocol/types';
import { muteSpans } from '../../state/room/mute';
import type { RoomSession } from '../../state/room/session';
import { Avatar, nameOf } from '../../ui/Avatar';
import { DeedFailed } from '../../ui/DeedFailed';
import { dayOf } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { Face, Skeleton } from '../../ui/Face';
import { Field, FormError, Select } from '../../ui/Field';

/** Who may not come back, and why. */
export function BansDialog({ session, onClose }: { session: RoomSession; onClose: () => void }) {
  const online = useOnline();
  const state = useStore(session.bans.state);

  useEffect(() => {
    void session.bans.load();
  }, [session, online]);

  return (
    <Dialog title="Banned" description="They cannot join by any way until the ban is lifted." onClose={onClose}>
      {state.kind === 'loading' && <Skeleton label="Loading bans" rows={3} avatars />}
      {state.kind === 'failed' && (
        <Face title={online ? 'The list could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void session.bans.load() }} />
      )}
      {state.kind === 'ready' && state.items.length === 0 && <Face icon="people" title="Nobody is banned" />}
      {state.kind === 'ready' && state.items.length > 0 && (
        <ul className="sessions">
          {state.items.map((ban) => (
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
  const [deed, run] = useDeed();
  return (
    <div className="session">
      <Avatar person={user} />
      <div className="session-text">
        <p className="session-device">{nameOf(user)}</p>
        <p className="session-facts">
          {reason && `“${reason}” · `}by {nameOf(by)}, {dayOf(createdAt)}
        </p>
        <DeedFailed deed={deed} />
      </div>
      <button
        type="button"
        className="button"
        aria-label={`Lift the ban of ${nameOf(user)}`}
        disabled={!online || deed.kind === 'busy'}
        onClick={() => void run(() => session.unban(user.id))}
      >
        {deed.kind === 'busy' ? 'Lifting…' : 'Lift ban'}
      </button>
    </div>
  );
}

interface MemberDialogProps {
  session: RoomSession;
  user: User;
  onClose: () => void;
}

export function BanDialog({ session, user, onClose }: MemberDialogProps) {
  const [deed, run] = useDeed();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '').trim();
    void run(async () => {
      await session.members.ban(user.id, reason);
      onClose();
    });
  }

  return (
    <Dialog title={`Ban ${nameOf(user)}?`} description="They leave the room and cannot come back until the ban is lifted. What they wrote stays." onClose={onClose}>
      <form onSubmit={submit}>
        <Field label="Reason" name="reason" maxLength={200} autoComplete="off" hint="Optional. Only moderators see it." error={deed.kind === 'failed' && deed.field === 'reason' ? deed.reason : undefined} />
        <DeedButtons deed={deed} name="Ban" busy="Banning…" danger onClose={onClose} />
      </form>
    </Dialog>
  );
}

const spans = muteSpans.map(({ seconds, words }) => [String(seconds), words] as const);

export function MuteDialog({ session, user, onClose }: MemberDialogProps) {
  const [deed, run] = useDeed();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const seconds = Number(new FormData(event.currentTarget).get('seconds'));
    void run(async () => {
      await session.members.mute(user.id, seconds);
      onClose();
    });
  }

  return (
    <Dialog title={`Mute ${nameOf(user)}?`} description="They can read, and write nothing here until the time is over." onClose={onClose}>
      <form onSubmit={submit}>
        <Select label="For" name="seconds" options={spans} defaultValue="3600" />
        <DeedButtons deed={deed} name="Mute" busy="Muting…" onClose={onClose} />
      </form>
    </Dialog>
  );
}

interface DeedButtonsProps {
  deed: Deed;
  name: string;
  busy: string;
  danger?: boolean;
  onClose: () => void;
}

function DeedButtons({ deed, name, busy, danger = false, onClose }: DeedButtonsProps) {
  const online = useOnline();
  return (
    <>
      {deed.kind === 'failed' && deed.field !== 'reason' && <FormError>{deed.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className={`button ${danger ? 'danger' : 'primary'}`} disabled={!online || deed.kind === 'busy'}>
          {deed.kind === 'busy' ? busy : name}
        </button>
      </div>
    </>
  );
}
