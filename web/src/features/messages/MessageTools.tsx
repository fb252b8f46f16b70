import { type KeyboardEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { NOT_CONNECTED, useMe, useMyRoom, useOnline, useReadOnlyReason } from '../../hooks/useChatState';
import { messageHref, absoluteUrl } from '../../hooks/useRoute';
import type { Message } from '../../protocol/types';
import { canDelete, canEdit } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { EmojiPicker } from '../emoji/EmojiPicker';
import { Icon, type IconName } from '../../ui/Icon';
import { MenuItem, moveFocus, Popup } from '../../ui/Popup';
import { classNames } from '../../ui/classNames';
import toolsStyles from './MessageTools.module.css';
import styles from './MessageRow.module.css';

type Open = { kind: 'nothing' } | { kind: 'menu' | 'picker'; anchor: HTMLElement } | { kind: 'deleting' };

interface MessageToolsProps {
  session: RoomSession;
  message: Message;
  onReact: (emoji: string) => void;
}

/** What one may do with a message: a few buttons for the pointer, a menu with all of it for everybody. */
export function MessageTools({ session, message, onReact }: MessageToolsProps) {
  const chat = useChat();
  const me = useMe();
  const role = useMyRoom(session.id)?.role ?? 'member';
  // Who is muted may still take back what they said; who is offline may still answer.
  const offline = useOnline() ? undefined : NOT_CONNECTED;
  const silent = useReadOnlyReason(session.id);
  const muted = offline === undefined ? silent : undefined;
  const bar = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const close = () => setOpen({ kind: 'nothing' });
  // Pages without TLS have none.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  const editable = canEdit(me.id, message);

  useListTakesFocus(bar);

  function choose(action: () => void) {
    close();
    action();
  }

  const reply = () => session.draft.startReply(message);
  const copy = (text: string) =>
    void clipboard?.writeText(text).then(
      () => chat.notices.show('Copied.'),
      () => chat.notices.show('The browser did not let it be copied.'),
    );
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
      <Tool icon="smile" name="Add a reaction" disabledReason={silent} onUse={(anchor) => setOpen({ kind: 'picker', anchor })} />
      <Tool icon="reply" name="Reply" disabledReason={muted} onUse={reply} />
      {editable && <Tool icon="pencil" name="Edit" disabledReason={silent} onUse={() => session.draft.startEditing(message)} />}
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
        <Popup anchor={open.anchor} label="Actions" onClose={close}>
          <MenuItem icon="smile" disabledReason={silent} onChoose={() => setOpen({ kind: 'picker', anchor: open.anchor })}>
            Add a reaction
          </MenuItem>
          <MenuItem icon="reply" disabledReason={muted} onChoose={() => choose(reply)}>
            Reply
          </MenuItem>
          {clipboard && message.text && (
            <MenuItem icon="copy" onChoose={() => choose(() => copy(message.text))}>
              Copy text
            </MenuItem>
          )}
          {clipboard && (
            <MenuItem icon="link" onChoose={() => choose(() => copy(absoluteUrl(messageHref(session.id, message.seq))))}>
              Copy link
            </MenuItem>
          )}
          {editable && (
            <MenuItem icon="pencil" disabledReason={silent} onChoose={() => choose(() => session.draft.startEditing(message))}>
              Edit
            </MenuItem>
          )}
          {canDelete(me.id, role, message) && (
            <MenuItem icon="trash" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'deleting' })}>
              Delete
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'picker' && (
        <EmojiPicker anchor={open.anchor} label="Choose a reaction" onChoose={(emoji) => choose(() => onReact(emoji))} onClose={close} />
      )}
      {open.kind === 'deleting' && (
        <ConfirmDialog
          title="Delete this message?"
          confirmLabel="Delete"
          busyLabel="Deleting…"
          danger
          run={() => session.deleteMessage(message.id)}
          onClose={close}
        >
          <p className="dialog-text">
            {message.author.id === me.id ? 'Nobody' : `Nobody, not even ${nameOf(message.author)},`} can read it afterwards.
          </p>
          <blockquote className={toolsStyles.quoted}>{message.text || message.attachments.map(({ name }) => name).join(', ')}</blockquote>
        </ConfirmDialog>
      )}
    </div>
  );
}

interface ToolProps {
  icon: IconName;
  name: string;
  disabledReason?: string | undefined;
  onUse: (button: HTMLElement) => void;
}

/** Reached by the arrow keys from the one button of the bar that Tab stops at. */
function Tool({ icon, name, disabledReason, onUse }: ToolProps) {
  return (
    <button
      type="button"
      className="icon-button"
      tabIndex={-1}
      aria-label={name}
      title={disabledReason ? `${name}: ${disabledReason.toLowerCase()}` : name}
      aria-disabled={disabledReason ? true : undefined}
      onClick={disabledReason ? undefined : (event) => onUse(event.currentTarget)}
    >
      <Icon name={icon} />
    </button>
  );
}

/** A bar that goes while it has the focus, as with a deleted message, leaves it to the list. */
function useListTakesFocus(bar: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const gone = bar.current;
    return () => {
      if (gone?.contains(document.activeElement)) gone.closest<HTMLElement>('[role=region]')?.focus({ preventScroll: true });
    };
  }, [bar]);
}
