import { useChat } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import { maxRoomName } from '../../protocol/limits.generated';
import type { Room } from '../../protocol/types';
import { ApiError } from '../../transport/errors';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';

/** Asks for the password of a listed room. */
export function PasswordDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function submit(data: FormData) {
    const password = String(data.get('password') ?? '');
    void run(async () => {
      await chat.rooms.join(room.id, password);
      onClose();
      goTo(roomHref(room.id));
    });
  }

  return (
    <Dialog title={`Join ${room.name}`} description="This room requires a password." onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Field label="Room password" name="password" type="password" autoComplete="off" required />
        <JoinActions busy={action.kind === 'busy'} onClose={onClose} />
      </Form>
    </Dialog>
  );
}

/** Joins an unlisted room by its name. */
export function JoinByNameDialog({ onClose }: { onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function submit(data: FormData) {
    const password = String(data.get('password') ?? '');
    void run(async () => {
      const room = await chat.rooms.joinByName(String(data.get('name') ?? '').trim(), password === '' ? undefined : password).catch(explained);
      onClose();
      goTo(roomHref(room.id));
    });
  }

  return (
    <Dialog title="Join by name" description="Private rooms are not listed: enter the name and the password. A private room without a password needs an invite." onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Field label="Room name" name="name" required maxLength={maxRoomName} autoComplete="off" />
        <Field label="Room password" name="password" type="password" autoComplete="off" hint="Leave it empty if there is none." />
        <JoinActions busy={action.kind === 'busy'} onClose={onClose} />
      </Form>
    </Dialog>
  );
}

/** The server does not say which of the two is wrong: it would show that a private room exists. */
function explained(error: unknown): never {
  throw error instanceof ApiError && error.code === 'NOT_FOUND' ? new ApiError('NOT_FOUND', 'No room has this name and password.') : error;
}

function JoinActions({ busy, onClose }: { busy: boolean; onClose: () => void }) {
  return (
    <div className="dialog-actions">
      <button type="button" className="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" className="button primary" disabled={busy}>
        {busy ? 'Joining…' : 'Join room'}
      </button>
    </div>
  );
}
