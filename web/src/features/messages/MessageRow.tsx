import { useMe } from '../../hooks/useChatState';
import { useActions } from '../../hooks/useAction';
import { useTextPart } from '../../hooks/useStore';
import type { Message } from '../../protocol/types';
import { isEmojiOnly } from '../../state/emoji';
import type { RoomSession } from '../../state/room/session';
import { Attachments } from './Attachments';
import { nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { fullDate } from '../../ui/dates';
import { Html } from '../../ui/Html';
import { MessageEditor } from './MessageEditor';
import { MessageTools } from './MessageTools';
import { Quote } from './Quote';
import { Byline, MessageGutter, Time } from './Byline';
import { Reactions } from './Reactions';
import { classNames } from '../../ui/classNames';
import styles from './MessageRow.module.css';

interface MessageRowProps {
  itemKey: string;
  session: RoomSession;
  message: Message;
  head: boolean;
  /** The message that the address refers to. */
  found: boolean;
}

export function MessageRow({ itemKey, session, message, head, found }: MessageRowProps) {
  const editing = useTextPart(session.draft.editing, (one) => (one?.messageId === message.id ? one : undefined));
  const [action, run] = useActions();
  const deleted = message.deletedAt !== undefined;
  const { id: me } = useMe();
  const namesMe = message.mentions.includes(me) && message.author.id !== me;
  const react = (emoji: string, on: boolean) => void run(() => session.react(message.id, emoji, on));
  return (
    <li
      className={classNames(styles.message, head && styles.head, editing && styles.editing, namesMe && styles.namesMe, found && styles.found)}
      data-key={itemKey}
      data-mentions-me={namesMe ? '' : undefined}
      {...(found ? { tabIndex: -1, 'aria-current': true } : {})}
    >
      {deleted ? <div className={styles.gutter} /> : <MessageGutter author={message.author} date={message.createdAt} head={head} />}
      <div className={styles.body}>
        {!deleted && <Byline author={message.author} date={message.createdAt} head={head} />}
        {message.replyTo && !deleted && <Quote session={session} reply={message.replyTo} />}
        {editing && !deleted ? (
          <>
            <MessageEditor session={session} message={message} editing={editing} />
            <Attachments attachments={message.attachments} />
          </>
        ) : (
          <Content message={message} />
        )}
        {!deleted && <Reactions session={session} message={message} busy={action.kind === 'busy'} onToggle={react} />}
        <ActionError action={action} prefix="Your reaction was not saved." />
      </div>
      {!deleted && <MessageTools session={session} message={message} onReact={(emoji) => react(emoji, true)} />}
    </li>
  );
}

function Content({ message }: { message: Message }) {
  if (message.deletedAt) {
    return (
      <p className={styles.deleted}>
        <bdi>{nameOf(message.author)}</bdi>
        <Time date={message.createdAt} />
        <span>This message was deleted.</span>
      </p>
    );
  }
  return (
    <>
      {message.html && (
        <div data-message-text>
          <Html html={message.html} large={isEmojiOnly(message.text)} />
        </div>
      )}
      <Attachments attachments={message.attachments} />
      {message.editedAt && (
        <span className={styles.edited} title={fullDate(message.editedAt)}>
          edited
        </span>
      )}
    </>
  );
}
