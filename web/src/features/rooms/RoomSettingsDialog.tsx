import { type FormEvent, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { type ActionState, useAction } from '../../hooks/useAction';
import { maxRoomDescription, maxRoomName } from '../../protocol/limits.generated';
import { PRIVATE_HINT } from '../../state/room/rejoin';
import { can } from '../../state/room/permissions';
import type { MyRoom } from '../../state/room/myRoom';
import { Dialog } from '../../ui/Dialog';
import { Field, FormError } from '../../ui/Field';
import { Check } from '../../ui/Check';

export const WAIT = 'You are not connected. This needs the server.';

const fields = ['name', 'description', 'password'];

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

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get('name') ?? '').trim();
    const description = String(form.get('description') ?? '').trim();
    const password = String(form.get('password') ?? '');
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

  const whole = action.kind === 'failed' && errorIn(action, 'name') === undefined && !fields.includes(action.field ?? '');
  return (
    <Dialog title="Room settings" onClose={onClose}>
      <form onSubmit={submit}>
        {whole && <FormError>{action.reason}</FormError>}
        <Field
          label="Name"
          name="name"
          required
          maxLength={maxRoomName}
          autoComplete="off"
          defaultValue={room.name}
          error={errorIn(action, 'name')}
        />
        <Field
          label="Description"
          name="description"
          maxLength={maxRoomDescription}
          autoComplete="off"
          defaultValue={room.description}
          error={errorIn(action, 'description')}
        />
        <Check id="room-private" label="Private" hint={PRIVATE_HINT} checked={isPrivate} onChange={setPrivate} />
        <Field
          label={room.hasPassword ? 'New room password' : 'Room password'}
          name="password"
          type="password"
          autoComplete="new-password"
          disabled={removes}
          hint={room.hasPassword ? 'Leave it empty to keep the current one.' : 'Optional. New members enter it once, when they join.'}
          error={errorIn(action, 'password')}
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
      </form>
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

function errorIn(action: ActionState, field: string): string | undefined {
  if (action.kind !== 'failed') return undefined;
  if (field === 'name' && action.code === 'ROOM_NAME_TAKEN') return action.reason;
  return action.field === field ? action.reason : undefined;
}
