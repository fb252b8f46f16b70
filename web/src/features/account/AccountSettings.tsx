import { useMe } from '../../hooks/useChatState';
import { BlockedPeople } from './BlockedPeople';
import { NotificationsSetting } from './NotificationsSetting';
import { UpgradeGuestForm } from './UpgradeGuestForm';
import { PreferencesForm } from './PreferencesForm';
import { ProfileForm } from './ProfileForm';
import { StatusChoice } from './StatusChoice';
import { PasswordForm } from './PasswordForm';
import { Uploads } from './UploadAllowance';
import { SessionList } from './SessionList';

export interface AccountSettingsProps {
  /** Opens the dialog that closes the account permanently. */
  onEnd?: () => void;
  /** Shows the bots of this user. */
  onBots?: () => void;
}

/** The content of the account dialog. It is loaded when the dialog is opened. */
export function AccountSettings({ onEnd, onBots }: AccountSettingsProps) {
  const me = useMe();
  return (
    <>
      <ProfileForm />
      <StatusChoice />
      <NotificationsSetting />
      <PreferencesForm />
      {me.guest ? <UpgradeGuestForm /> : <PasswordForm />}
      <Uploads />
      <SessionList />
      <BlockedPeople />
      {onBots && !me.guest && (
        <section className="dialog-section" aria-labelledby="bots-title">
          <div className="row">
            <div className="row-text">
              <h3 id="bots-title">Bots</h3>
              <p className="row-facts">Programs with an account of their own.</p>
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
    </>
  );
}
