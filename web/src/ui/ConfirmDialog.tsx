import type { ReactNode } from 'react';
import { useOnline } from '../hooks/useChatState';
import { useDeed } from '../hooks/useDeed';
import { Dialog } from './Dialog';
import { FormError } from './Field';

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  deed: string;
  busy: string;
  /** What cannot be undone stands in red. */
  danger?: boolean;
  run: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something is done that others feel. It stays open, with the reason, where it failed. */
export function ConfirmDialog({ title, children, deed: name, busy, danger = false, run, onClose }: ConfirmDialogProps) {
  const online = useOnline();
  const [deed, start] = useDeed();
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {deed.kind === 'failed' && <FormError>{deed.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className={`button ${danger ? 'danger' : 'primary'}`}
          disabled={!online || deed.kind === 'busy'}
          onClick={() =>
            void start(async () => {
              await run();
              onClose();
            })
          }
        >
          {deed.kind === 'busy' ? busy : name}
        </button>
      </div>
    </Dialog>
  );
}
