import { useState } from 'react';
import { useMe } from '../../hooks/useChatState';
import { CloseAccountDialog } from './CloseAccountDialog';
import { PasswordForm } from './PasswordForm';
import { UpgradeGuestForm } from './UpgradeGuestForm';
import { Uploads } from './UploadAllowance';

/** The password, the uploads and the end of the account. */
export function AccountSettings() {
  const { guest } = useMe();
  const [closing, setClosing] = useState(false);
  return (
    <>
      {guest ? <UpgradeGuestForm /> : <PasswordForm />}
      <Uploads />
      <div className="dialog-section">
        <button type="button" className="button quiet-danger" onClick={() => setClosing(true)}>
          Close your account…
        </button>
      </div>
      {closing && <CloseAccountDialog onClose={() => setClosing(false)} />}
    </>
  );
}
