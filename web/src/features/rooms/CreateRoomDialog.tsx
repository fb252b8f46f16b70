import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import { maxRoomDescription, maxRoomName } from '../../protocol/limits.generated';
import { PRIVATE_HINT } from '../../state/room/rejoin';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';

export function CreateRoomDialog({ onClose }: { onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();
  const [isPrivate, setPrivate] = useState(false);

  function submit(data: FormData) {
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const password = String(data.get('password') ?? '');
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

  return (
    <Dialog title="New room" onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Field label="Name" name="name" required maxLength={maxRoomName} autoComplete="off" />
        <Field
          label="Description"
          name="description"
          maxLength={maxRoomDescription}
          autoComplete="off"
          hint="Optional."
        />
        <Field
          label="Room password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="Optional. New members enter it once, when they join."
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
      </Form>
    </Dialog>
  );
}
