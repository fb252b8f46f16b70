import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { maxRoomDescription, maxRoomName } from '../../protocol/limits.generated';
import { PRIVATE_HINT } from '../../state/room/rejoin';
import { can } from '../../state/room/permissions';
import type { MyRoom } from '../../state/room/myRoom';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { Check } from '../../ui/Check';

export const WAIT = 'You are not connected. This needs the server.';

interface RoomSettingsDialogProps {
  mine: MyRoom;
  onClose: () => void;
  onDelete: () => void;
  onWebhooks: () => void;
}

export function RoomSettingsDialog({ mine, onClose, onDelete, onWebhooks }: RoomSettingsDialogProps) {
  const chat = useChat();
  const { guest } = useMe();
  const online = useOnline();
  // The room when the dialog was opened: others may change it in the meantime.
  const [{ room }] = useState(mine);
  const [isPrivate, setPrivate] = useState(room.private);
  const [removes, setRemoves] = useState(false);
  const [action, run] = useAction();

  function submit(data: FormData) {
    const name = String(data.get('name') ?? '').trim();
    const description = String(data.get('description') ?? '').trim();
    const password = String(data.get('password') ?? '');
    const patch = {
      ...(name === room.name ? {} : { name }),
      ...(description === room.description ? {} : { description }),
      ...(isPrivate === room.private ? {} : { private: isPrivate }),
      ...(removes ? { password: '' } : password === '' ? {} : { password }),
    };
    void run(async () => {
      if (Object.keys(patch).length > 0) await chat.rooms.update(room.id, patch);
      onClose();
    });
  }

  return (
    <Dialog title="Room settings" onClose={onClose}>
      <Form action={action} onSubmit={submit}>
        <Field
          label="Name"
          name="name"
          required
          maxLength={maxRoomName}
          autoComplete="off"
          defaultValue={room.name}
        />
        <Field
          label="Description"
          name="description"
          maxLength={maxRoomDescription}
          autoComplete="off"
          defaultValue={room.description}
        />
        <Check id="room-private" label="Private" hint={PRIVATE_HINT} checked={isPrivate} onChange={setPrivate} />
        <Field
          label={room.hasPassword ? 'New room password' : 'Room password'}
          name="password"
          type="password"
          autoComplete="new-password"
          disabled={removes}
          hint={room.hasPassword ? 'Leave it empty to keep the current one.' : 'Optional. New members enter it once, when they join.'}
        />
        {room.hasPassword && (
          <Check id="room-open" label="Remove the password" hint={isPrivate ? 'Members stay. Others need an invite.' : 'Members stay. Others join without one.'} checked={removes} onChange={setRemoves} />
        )}
        {!online && <p className="form-warning">{WAIT}</p>}
        <div className="dialog-actions">
          {can(mine.role, 'deleteRoom') && (
            <button type="button" className="button quiet-danger" onClick={onDelete}>
              Delete room…
            </button>
          )}
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={!online || action.kind === 'busy'}>
            {action.kind === 'busy' ? 'Saving…' : 'Save'}
          </button>
        </div>
      </Form>
      {/* Guests cannot manage webhooks, which outlive their account. */}
      {!guest && (
        <section className="dialog-section" aria-labelledby="programs-title">
          <div className="row">
            <div className="row-text">
              <h3 id="programs-title">Integrations</h3>
              <p className="row-facts">Programs post messages here, or receive events.</p>
            </div>
            <button type="button" className="button" onClick={onWebhooks}>
              Webhooks…
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}
