import { Dialog } from '../../ui/Dialog';
import { AccountSettings } from '../lazy';
import type { AccountSettingsProps } from './AccountSettings';

interface AccountDialogProps extends AccountSettingsProps {
  onClose: () => void;
}

export function AccountDialog({ onClose, ...settings }: AccountDialogProps) {
  return (
    <Dialog title="Your account" onClose={onClose}>
      <AccountSettings {...settings} />
    </Dialog>
  );
}
