import { type FormEvent } from 'react';
import { useChat } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import { maxRoomName } from '../../protocol/limits.generated';
import type { Room } from '../../protocol/types';
import { Dialog } from '../../ui/Dialog';
import { Field, FormError } from '../../ui/Field';

/** Asks for the password of a listed room. */
export function PasswordDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get('password') ?? '');
    void run(async () => {
      await chat.rooms.join(room.id, password);
      onClose();
      goTo(roomHref(room.id));
    });
  }

  const wrong = action.kind === 'failed' && (action.code === 'WRONG_PASSWORD' || action.code === 'PASSWORD_REQUIRED');
  return (
    <Dialog title={`Join ${room.name}`} description="This room requires a password." onClose={onClose}>
      <form onSubmit={submit}>
        {action.kind === 'failed' && !wrong && <FormError>{action.reason}</FormError>}
        <Field
          label="Room password"
          name="password"
          type="password"
          autoComplete="off"
          required
         
          error={wrong ? action.reason : undefined}
        />
        <JoinActions busy={action.kind === 'busy'} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** Joins an unlisted room by its name. */
export function JoinByNameDialog({ onClose }: { onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get('password') ?? '');
    void run(async () => {
      const room = await chat.rooms.joinByName(String(form.get('name') ?? '').trim(), password === '' ? undefined : password);
      onClose();
      goTo(roomHref(room.id));
    });
  }

  return (
    <Dialog title="Join by name" description="Private rooms are not listed: enter the name and the password. A private room without a password needs an invite." onClose={onClose}>
      <form onSubmit={submit}>
        {action.kind === 'failed' && (
          <FormError>{action.code === 'NOT_FOUND' ? 'No room has this name and password.' : action.reason}</FormError>
        )}
        <Field label="Room name" name="name" required maxLength={maxRoomName} autoComplete="off" />
        <Field label="Room password" name="password" type="password" autoComplete="off" hint="Leave it empty if there is none." />
        <JoinActions busy={action.kind === 'busy'} onClose={onClose} />
      </form>
    </Dialog>
  );
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
