import type { ReactNode } from 'react';
import { useOnline } from '../hooks/useChatState';
import { useAction } from '../hooks/useAction';
import { Dialog } from './Dialog';
import { FormError } from './FormError';

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  busyLabel: string;
  /** Shows the button in red: the action cannot be undone. */
  danger?: boolean;
  run: () => Promise<void>;
  onClose: () => void;
}

/** Asks before an action that affects others. If the action fails, the dialog stays open and shows the error. */
export function ConfirmDialog({ title, children, confirmLabel, busyLabel, danger = false, run, onClose }: ConfirmDialogProps) {
  const online = useOnline();
  const [action, start] = useAction();
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className={`button ${danger ? 'danger' : 'primary'}`}
          disabled={!online || action.kind === 'busy'}
          onClick={() =>
            void start(async () => {
              await run();
              onClose();
            })
          }
        >
          {action.kind === 'busy' ? busyLabel : confirmLabel}
        </button>
      </div>
    </Dialog>
  );
}
