import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { NOT_CONNECTED, useMe, useOnline, useReadOnlyReason } from '../../hooks/useChatState';
import type { Message } from '../../protocol/types';
import { canEdit } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { classNames } from '../../ui/classNames';
import { Icon, type IconName } from '../../ui/Icon';
import { moveFocus } from '../../ui/Popup';
import { EmojiPicker } from '../emoji/EmojiPicker';
import { DeleteMessageDialog } from './DeleteMessageDialog';
import { MessageMenu } from './MessageMenu';
import styles from './MessageRow.module.css';

type Open = { kind: 'nothing' } | { kind: 'menu' | 'picker'; anchor: HTMLElement } | { kind: 'deleting' };

interface MessageToolsProps {
  session: RoomSession;
  message: Message;
  onReact: (emoji: string) => void;
}

/** The actions of a message: a few buttons for the pointer, and a menu with all of them. */
export function MessageTools({ session, message, onReact }: MessageToolsProps) {
  const me = useMe();
  const online = useOnline();
  const readOnly = useReadOnlyReason(session.id);
  // A user without a connection can still reply: the reply is queued.
  const noReply = online ? readOnly : undefined;
  const bar = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const close = () => setOpen({ kind: 'nothing' });
  const reply = () => session.draft.startReply(message);
  const edit = () => session.draft.startEditing(message);

  useFocusListOnRemoval(bar);

  return (
    <div
      ref={bar}
      className={classNames(styles.tools, open.kind !== 'nothing' && styles.open)}
      role="toolbar"
      tabIndex={-1}
      aria-label={`Message from ${nameOf(message.author)}`}
      onKeyDown={(event: KeyboardEvent) => {
        if (bar.current !== null && open.kind === 'nothing') moveFocus(event, bar.current);
      }}
    >
      <Tool icon="smile" name="Add a reaction" disabledReason={readOnly} onPress={(anchor) => setOpen({ kind: 'picker', anchor })} />
      <Tool icon="reply" name="Reply" disabledReason={noReply} onPress={reply} />
      {canEdit(me.id, message) && <Tool icon="pencil" name="Edit" disabledReason={readOnly} onPress={edit} />}
      <button
        type="button"
        className={`icon-button ${styles.moreButton}`}
        aria-label="More actions"
        aria-haspopup="menu"
        aria-expanded={open.kind === 'menu'}
        onClick={(event) => setOpen({ kind: 'menu', anchor: event.currentTarget })}
      >
        <Icon name="more" />
      </button>
      {open.kind === 'menu' && (
        <MessageMenu
          anchor={open.anchor}
          roomId={session.id}
          message={message}
          disabled={{ react: readOnly, reply: noReply, edit: readOnly, delete: online ? undefined : NOT_CONNECTED }}
          onQuickReact={onReact}
          onReact={() => setOpen({ kind: 'picker', anchor: open.anchor })}
          onReply={reply}
          onEdit={edit}
          onDelete={() => setOpen({ kind: 'deleting' })}
          onClose={close}
        />
      )}
      {open.kind === 'picker' && (
        <EmojiPicker
          anchor={open.anchor}
          label="Choose a reaction"
          onChoose={(emoji) => {
            close();
            onReact(emoji);
          }}
          onClose={close}
        />
      )}
      {open.kind === 'deleting' && <DeleteMessageDialog session={session} message={message} onClose={close} />}
    </div>
  );
}

interface ToolProps {
  icon: IconName;
  name: string;
  disabledReason?: string | undefined;
  onPress: (button: HTMLElement) => void;
}

/** A button of the toolbar. The Tab key stops at the menu button only; the arrow keys reach this one. */
function Tool({ icon, name, disabledReason, onPress }: ToolProps) {
  return (
    <button
      type="button"
      className="icon-button"
      tabIndex={-1}
      aria-label={name}
      title={disabledReason ? `${name}: ${disabledReason.toLowerCase()}` : name}
      aria-disabled={disabledReason ? true : undefined}
      onClick={disabledReason ? undefined : (event) => onPress(event.currentTarget)}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Moves the focus to the message list if the toolbar is removed while it has the focus, as with a deleted message. */
function useFocusListOnRemoval(bar: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const removed = bar.current;
    return () => {
      if (removed?.contains(document.activeElement)) removed.closest<HTMLElement>('[role=region]')?.focus({ preventScroll: true });
    };
  }, [bar]);
}
