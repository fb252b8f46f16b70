import { useAccount } from '../../hooks/context';
import { useMe, useUnsent } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { Dialog } from '../../ui/Dialog';
import { FormError } from '../../ui/FormError';

export function SignOutDialog({ onClose }: { onClose: () => void }) {
  const account = useAccount();
  const { guest } = useMe();
  const unsent = useUnsent().length;
  const [action, run] = useAction();
  return (
    <Dialog title="Sign out?" onClose={onClose}>
      {guest && <p className="form-warning">You are a guest: you cannot sign in to this account again. To keep it, choose a username and a password in the settings first.</p>}
      {unsent > 0 ? (
        <p className="form-warning" role="alert">
          {unsent === 1 ? 'One message has not been sent yet.' : `${unsent} messages have not been sent yet.`} Signing out deletes{' '}
          {unsent === 1 ? 'it' : 'them'}.
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
