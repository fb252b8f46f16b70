import { type FormEvent, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import { maxRoomDescription, maxRoomName } from '../../protocol/limits.generated';
import { PRIVATE_HINT } from '../../state/room/rejoin';
import { Dialog } from '../../ui/Dialog';
import { Field, FormError } from '../../ui/Field';

export function CreateRoomDialog({ onClose }: { onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();
  const [isPrivate, setPrivate] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const password = String(form.get('password') ?? '');
    void run(async () => {
      const room = await chat.rooms.create({
        name: text('name'),
        private: isPrivate,
        ...(text('description') ? { description: text('description') } : {}),
        ...(password ? { password } : {}),
      });
      onClose();
      goTo(roomHref(room.id));
    });
  }

  const errorIn = (field: string) => (action.kind === 'failed' && action.field === field ? action.reason : undefined);
  const nameError = action.kind === 'failed' && action.code === 'ROOM_NAME_TAKEN' ? action.reason : errorIn('name');
  const elsewhere = action.kind === 'failed' && !nameError && !errorIn('description') && !errorIn('password');
  return (
    <Dialog title="New room" onClose={onClose}>
      <form onSubmit={submit}>
        {elsewhere && action.kind === 'failed' && <FormError>{action.reason}</FormError>}
        <Field label="Name" name="name" required maxLength={maxRoomName} autoComplete="off" error={nameError} />
        <Field
          label="Description"
          name="description"
          maxLength={maxRoomDescription}
          autoComplete="off"
          hint="Optional."
          error={errorIn('description')}
        />
        <Field
          label="Room password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="Optional. New members enter it once, when they join."
          error={errorIn('password')}
        />
        <div className="check">
          <input
            id="new-room-private"
            type="checkbox"
            checked={isPrivate}
            aria-describedby="new-room-private-hint"
            onChange={(event) => setPrivate(event.target.checked)}
          />
          <div>
            <label htmlFor="new-room-private">Private</label>
            <p id="new-room-private-hint" className="field-hint">
              {PRIVATE_HINT}
            </p>
          </div>
        </div>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={action.kind === 'busy'}>
            {action.kind === 'busy' ? 'Creating…' : 'Create room'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
