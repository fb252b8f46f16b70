import { useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { Dialog } from '../../ui/Dialog';
import { FormError } from '../../ui/FormError';
import { SecretField } from '../../ui/SecretField';

/** Resets a password after confirmation, and shows the new one once. */
export function PasswordDialog({ name, reset, onClose }: { name: string; reset: () => Promise<string>; onClose: () => void }) {
  const online = useOnline();
  const [action, run] = useAction();
  const [password, setPassword] = useState<string>();
  return (
    <Dialog title={password === undefined ? `Give ${name} a new password?` : `${name} has a new password`} onClose={onClose}>
      {password === undefined ? (
        <p className="dialog-text">The current password stops working, and all sessions end.</p>
      ) : (
        <SecretField label="New password" value={password} nextStep="Send it to the user over a safe channel. They can change it in their account." />
      )}
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {password === undefined ? 'Cancel' : 'Done'}
        </button>
        {password === undefined && (
          <button
            type="button"
            className="button danger"
            disabled={!online || action.kind === 'busy'}
            onClick={() => void run(async () => setPassword(await reset()))}
          >
            {action.kind === 'busy' ? 'Creating…' : 'Create a new password'}
          </button>
        )}
      </div>
    </Dialog>
  );
}
