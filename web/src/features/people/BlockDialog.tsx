import { useChat } from '../../hooks/context';
import type { User } from '../../protocol/types';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';

export function BlockDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { blocks } = useChat();
  const name = nameOf(user);
  return (
    <ConfirmDialog title={`Block ${name}?`} confirmLabel="Block" busyLabel="Blocking…" danger run={() => blocks.setBlocked(user.id, true)} onClose={onClose}>
      <p className="dialog-text">
        You cannot write to each other any more. In rooms the messages of <bdi>{name}</bdi> are folded, and mentions do not notify you. You can undo this at any time.
      </p>
    </ConfirmDialog>
  );
}
