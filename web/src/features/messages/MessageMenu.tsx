import { useChat } from '../../hooks/context';
import { useMe, useMyRoom } from '../../hooks/useChatState';
import { absoluteUrl, messageHref } from '../../hooks/useRoute';
import type { Message } from '../../protocol/types';
import { canDelete, canEdit } from '../../state/room/permissions';
import { QuickReactions } from '../emoji/EmojiPicker';
import { fullDate } from '../../ui/dates';
import { MenuItem, Popup } from '../../ui/Popup';
import styles from './MessageRow.module.css';

interface MessageMenuProps {
  anchor: HTMLElement;
  roomId: number;
  message: Message;
  /** Why an action is not possible now. */
  disabled: Record<'react' | 'reply' | 'edit' | 'delete', string | undefined>;
  onReact: () => void;
  onQuickReact: (emoji: string) => void;
  onReply: () => void;
  onEdit: () => void;
  onDelete: () => void;
  onClose: () => void;
}

export function MessageMenu({ anchor, roomId, message, disabled, onReact, onQuickReact, onReply, onEdit, onDelete, onClose }: MessageMenuProps) {
  const { notices } = useChat();
  const me = useMe();
  const role = useMyRoom(roomId)?.role ?? 'member';
  // Pages without TLS have no clipboard.
  const clipboard = navigator.clipboard as Clipboard | undefined;

  const closeAnd = (action: () => void) => () => {
    onClose();
    action();
  };
  const copy = (text: string) =>
    closeAnd(
      () =>
        void clipboard?.writeText(text).then(
          () => notices.show('Copied.'),
          () => notices.show('The browser does not allow copying.'),
        ),
    );
  return (
    <Popup anchor={anchor} label="Actions" onClose={onClose}>
      {/* A tooltip is not reachable by touch or keyboard. */}
      <div className={styles.dates}>
        {fullDate(message.createdAt)}
        {message.editedAt && <div>Edited: {fullDate(message.editedAt)}</div>}
      </div>
      {disabled.react === undefined && <QuickReactions onChoose={(emoji) => closeAnd(() => onQuickReact(emoji))()} />}
      <MenuItem icon="smile" disabledReason={disabled.react} onChoose={onReact}>
        Add a reaction
      </MenuItem>
      <MenuItem icon="reply" disabledReason={disabled.reply} onChoose={closeAnd(onReply)}>
        Reply
      </MenuItem>
      {clipboard && message.text && (
        <MenuItem icon="copy" onChoose={copy(message.text)}>
          Copy text
        </MenuItem>
      )}
      {clipboard && (
        <MenuItem icon="link" onChoose={copy(absoluteUrl(messageHref(roomId, message.seq)))}>
          Copy link
        </MenuItem>
      )}
      {canEdit(me.id, message) && (
        <MenuItem icon="pencil" disabledReason={disabled.edit} onChoose={closeAnd(onEdit)}>
          Edit
        </MenuItem>
      )}
      {canDelete(me.id, role, message) && (
        <MenuItem icon="trash" danger disabledReason={disabled.delete} onChoose={onDelete}>
          Delete
        </MenuItem>
      )}
    </Popup>
  );
}
