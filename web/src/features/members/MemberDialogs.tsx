import { useMyRoom, useOnline } from '../../hooks/useChatState';
import { type ActionState, useAction } from '../../hooks/useAction';
import { maxReason } from '../../protocol/limits.generated';
import type { User } from '../../protocol/types';
import { muteDurations } from '../../state/room/mute';
import { rejoinHint } from '../../state/room/rejoin';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Dialog } from '../../ui/Dialog';
import { Field, Select } from '../../ui/Field';
import { Form } from '../../ui/Form';
import type { OpenMember } from './MemberMenu';

interface MemberDialogProps {
  session: RoomSession;
  user: User;
  onClose: () => void;
}

/** The dialog of an action on a member. */
export function MemberDialog({ kind, session, user, onClose }: MemberDialogProps & { kind: Exclude<OpenMember['kind'], 'menu'> }) {
  const mine = useMyRoom(session.id);
  const name = nameOf(user);
  switch (kind) {
    case 'muting':
      return <MuteDialog session={session} user={user} onClose={onClose} />;
    case 'banning':
      return <BanDialog session={session} user={user} onClose={onClose} />;
    case 'removing':
      return (
        <ConfirmDialog title={`Remove ${name}?`} confirmLabel="Remove" busyLabel="Removing…" danger run={() => session.members.remove(user.id)} onClose={onClose}>
          <p className="dialog-text">The messages of {name} stay. {mine && rejoinHint(mine.room, 'they')}</p>
        </ConfirmDialog>
      );
    case 'handing over':
      return (
        <ConfirmDialog title={`Transfer this room to ${name}?`} confirmLabel="Transfer" busyLabel="Transferring…" danger run={() => session.members.setRole(user.id, 'owner')} onClose={onClose}>
          <p className="dialog-text">{name} becomes the owner, and you an admin. Only {name} can give it back.</p>
        </ConfirmDialog>
      );
  }
}

function BanDialog({ session, user, onClose }: MemberDialogProps) {
  const [action, run] = useAction();

  function submit(data: FormData) {
    const reason = String(data.get('reason') ?? '').trim();
    void run(async () => {
      await session.members.ban(user.id, reason);
      onClose();
    });
  }

  return (
    <Dialog title={`Ban ${nameOf(user)}?`} description="They leave the room and cannot come back until the ban is lifted. Their messages stay." onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Field label="Reason" name="reason" maxLength={maxReason} autoComplete="off" hint="Optional. Only moderators see it." />
        <ActionButtons action={action} name="Ban" busy="Banning…" danger onClose={onClose} />
      </Form>
    </Dialog>
  );
}

const spans = muteDurations.map(({ seconds, label }) => [String(seconds), label] as const);

function MuteDialog({ session, user, onClose }: MemberDialogProps) {
  const [action, run] = useAction();

  function submit(data: FormData) {
    const seconds = Number(data.get('seconds'));
    void run(async () => {
      await session.members.mute(user.id, seconds);
      onClose();
    });
  }

  return (
    <Dialog title={`Mute ${nameOf(user)}?`} description="They can read, but not write until the mute ends." onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Select label="For" name="seconds" options={spans} defaultValue="3600" />
        <ActionButtons action={action} name="Mute" busy="Muting…" onClose={onClose} />
      </Form>
    </Dialog>
  );
}

interface ActionButtonsProps {
  action: ActionState;
  name: string;
  busy: string;
  danger?: boolean;
  onClose: () => void;
}

function ActionButtons({ action, name, busy, danger = false, onClose }: ActionButtonsProps) {
  const online = useOnline();
  return (
    <>
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className={`button ${danger ? 'danger' : 'primary'}`} disabled={!online || action.kind === 'busy'}>
          {action.kind === 'busy' ? busy : name}
        </button>
      </div>
    </>
  );
}
