import { useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import type { Room } from '../../protocol/types';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { WAIT } from './RoomSettingsDialog';

/** Deletes a room after the user has typed its name. */
export function DeleteRoomDialog({ room, onDelete, onClose }: { room: Room; onDelete: () => Promise<void>; onClose: () => void }) {
  const online = useOnline();
  const [action, run] = useAction();
  const [typed, setTyped] = useState('');

  function submit() {
    if (typed.trim() !== room.name) return;
    void run(async () => {
      await onDelete();
      onClose();
    });
  }

  return (
    <Dialog
      title={`Delete ${room.name}?`}
      description="Its messages are deleted for all members. This cannot be undone."
      onClose={onClose}
    >
      <Form action={action} onSubmit={submit}>
        <Field
          label={`Type ${room.name} to confirm`}
          name="confirmation"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {!online && <p className="form-warning">{WAIT}</p>}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button type="submit" className="button danger" disabled={!online || action.kind === 'busy' || typed.trim() !== room.name}>
            {action.kind === 'busy' ? 'Deleting…' : 'Delete room'}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
