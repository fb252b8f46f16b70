import { useMe } from '../../hooks/useChatState';
import { NotificationsSetting } from './NotificationsSetting';
import { Dialog } from '../../ui/Dialog';
import { UpgradeGuestForm } from './UpgradeGuestForm';
import { ProfileForm } from './ProfileForm';
import { StatusChoice } from './StatusChoice';
import { PasswordForm } from './PasswordForm';
import { Uploads } from './UploadAllowance';
import { SessionList } from './SessionList';

interface AccountDialogProps {
  onClose: () => void;
  /** Asks to close the account for good. */
  onEnd?: () => void;
  /** Shows the programs that this user owns. */
  onBots?: () => void;
}

export function AccountDialog({ onClose, onEnd, onBots }: AccountDialogProps) {
  const me = useMe();
  return (
    <Dialog title="Your account" onClose={onClose}>
      <ProfileForm />
      <StatusChoice />
      <NotificationsSetting />
      {me.guest ? <UpgradeGuestForm /> : <PasswordForm />}
      <Uploads />
      <SessionList />
      {onBots && !me.guest && (
        <section className="dialog-section" aria-labelledby="bots-title">
          <div className="row">
            <div className="row-text">
              <h3 id="bots-title">Bots</h3>
              <p className="row-facts">Programs of yours that take part as people do.</p>
            </div>
            <button type="button" className="button" onClick={onBots}>
              Your bots…
            </button>
          </div>
        </section>
      )}
      {onEnd && (
        <div className="dialog-section">
          <button type="button" className="button quiet-danger" onClick={onEnd}>
            Close your account…
          </button>
        </div>
      )}
    </Dialog>
  );
}
