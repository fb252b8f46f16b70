import { useAccount } from '../../hooks/context';
import { useMe, useUnsent } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { Dialog } from '../../ui/Dialog';
import { FormError } from '../../ui/Field';

export function SignOutDialog({ onClose }: { onClose: () => void }) {
  const account = useAccount();
  const { guest } = useMe();
  const unsent = useUnsent().length;
  const [action, run] = useAction();
  return (
    <Dialog title="Sign out?" onClose={onClose}>
      {guest && <p className="form-warning">You are a guest: nobody can sign in to this account again. To keep it, give it a name and a password first, in your account.</p>}
      {unsent > 0 ? (
        <p className="form-warning" role="alert">
          {unsent === 1 ? 'One message has not been sent yet.' : `${unsent} messages have not been sent yet.`} Signing out throws{' '}
          {unsent === 1 ? 'it' : 'them'} away.
        </p>
      ) : guest ? null : (
        <p className="dialog-text">This removes the data of your rooms from this browser, including drafts. Sent messages stay on the server.</p>
      )}
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Stay
        </button>
        <button
          type="button"
          className={`button ${unsent > 0 ? 'danger' : 'primary'}`}
          disabled={action.kind === 'busy'}
          onClick={() => void run(() => account.logout())}
        >
          {unsent > 0 ? 'Sign out anyway' : 'Sign out'}
        </button>
      </div>
    </Dialog>
  );
}
