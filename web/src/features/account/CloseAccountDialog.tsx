import { useState } from 'react';
import { useAccount } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';

/** Closing an account needs the password; a guest has none and types the username. */
export function CloseAccountDialog({ onClose }: { onClose: () => void }) {
  const account = useAccount();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();
  const [typed, setTyped] = useState('');
  const sure = me.guest ? typed.trim() === me.username : typed !== '';

  function submit() {
    if (sure) void run(() => account.close(me.guest ? undefined : typed));
  }

  return (
    <Dialog
      title="Close your account?"
      description="You leave all rooms and are signed out everywhere. Your messages stay, without your name. Your rooms get a new owner. This cannot be undone."
      onClose={onClose}
    >
      <Form action={action} onSubmit={submit}>
        <Field
          label={me.guest ? `Type ${me.username} to confirm` : 'Your password'}
          name={me.guest ? 'confirmation' : 'password'}
          type={me.guest ? 'text' : 'password'}
          autoComplete={me.guest ? 'off' : 'current-password'}
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button type="submit" className="button danger" disabled={!online || !sure || action.kind === 'busy'}>
            {action.kind === 'busy' ? 'Closing…' : 'Close account'}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
