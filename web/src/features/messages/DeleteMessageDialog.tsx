import { useMe } from '../../hooks/useChatState';
import type { Message } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import styles from './DeleteMessageDialog.module.css';

export function DeleteMessageDialog({ session, message, onClose }: { session: RoomSession; message: Message; onClose: () => void }) {
  const me = useMe();
  return (
    <ConfirmDialog
      title="Delete this message?"
      confirmLabel="Delete"
      busyLabel="Deleting…"
      danger
      run={() => session.deleteMessage(message.id)}
      onClose={onClose}
    >
      <p className="dialog-text">
        {message.author.id === me.id ? 'No one can read it afterwards.' : `No one can read it afterwards, not even ${nameOf(message.author)}.`}
      </p>
      <blockquote className={styles.quoted}>{message.text || message.attachments.map(({ name }) => name).join(', ')}</blockquote>
    </ConfirmDialog>
  );
}
