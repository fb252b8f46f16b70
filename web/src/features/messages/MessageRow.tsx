import { memo } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline, useReadOnlyReason } from '../../hooks/useChatState';
import { useActions } from '../../hooks/useAction';
import { messageHref } from '../../hooks/useRoute';
import { useSelect, useStore } from '../../hooks/useStore';
import { useToday } from '../../hooks/useToday';
import type { Author, Message, Reply } from '../../protocol/types';
import { isEmojiOnly } from '../../state/emoji';
import { isSameItem, type Item } from '../../state/room/items';
import { isUploading } from '../../state/outbox/outbox';
import type { RoomSession } from '../../state/room/session';
import type { Outgoing } from '../../state/room/timeline';
import { Attachments } from './Attachments';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { dayOf, shortTimeOf, timeOf, fullDate } from '../../ui/dates';
import { Html } from '../../ui/Html';
import { Icon } from '../../ui/Icon';
import { MessageEditor } from './MessageEditor';
import { MessageTools } from './MessageTools';
import { OutgoingFiles } from '../files/OutgoingFiles';

interface ItemRowProps {
  item: Item;
  session: RoomSession;
  /** It is what somebody came to see. */
  found?: boolean;
}

/** One line of the list, whatever it is. The list is laid out anew with every event; lines that stay the same are not drawn again. */
export const ItemRow = memo(function ItemRow({ item, session, found = false }: ItemRowProps) {
  switch (item.kind) {
    case 'day':
      return (
        // Without data-key, like the next: these lines move when older messages come.
        <li className="day">
          <Day date={item.date} />
        </li>
      );
    case 'new':
      return (
        <li className="new-line">
          <span>New</span>
        </li>
      );
    case 'system':
      return (
        <li className="system" data-key={item.key}>
          <span>{item.message.text}</span> <Time date={item.message.createdAt} />
        </li>
      );
    case 'message':
      return <MessageRow itemKey={item.key} session={session} message={item.message} head={item.head} found={found} />;
    case 'outgoing':
      return <OutgoingRow itemKey={item.key} session={session} outgoing={item.outgoing} head={item.head} />;
  }
}, (before, now) => before.session === now.session && before.found === now.found && isSameItem(before.item, now.item));

function Day({ date }: { date: string }) {
  useToday();
  return <span>{dayOf(date)}</span>;
}

interface MessageRowProps {
  itemKey: string;
  session: RoomSession;
  message: Message;
  head: boolean;
  /** It is what somebody came to see. */
  found: boolean;
}

function MessageRow({ itemKey, session, message, head, found }: MessageRowProps) {
  const editing = useSelect(session.editing, (one) => (one?.messageId === message.id ? one : undefined));
  const [action, run] = useActions();
  const deleted = message.deletedAt !== undefined;
  const { id: me } = useMe();
  const namesMe = message.mentions.includes(me) && message.author.id !== me;
  const react = (emoji: string, on: boolean) => void run(() => session.react(message.id, emoji, on));
  return (
    <li
      className={`message${head ? ' head' : ''}${editing ? ' editing' : ''}${namesMe ? ' names-me' : ''}${found ? ' found' : ''}`}
      data-key={itemKey}
      {...(found ? { tabIndex: -1, 'aria-current': true } : {})}
    >
      <MessageGutter author={message.author} date={message.createdAt} head={head} />
      <div className="message-body">
        <Byline author={message.author} date={message.createdAt} head={head} />
        {message.replyTo && <Quote session={session} reply={message.replyTo} />}
        {editing && !deleted ? (
          <>
            <MessageEditor session={session} message={message} editing={editing} />
            <Attachments attachments={message.attachments} />
          </>
        ) : (
          <Content message={message} />
        )}
        {!deleted && <Reactions session={session} message={message} busy={action.kind === 'busy'} onToggle={react} />}
        <ActionError action={action} prefix="Your reaction did not get through." />
      </div>
      {!deleted && <MessageTools session={session} message={message} onReact={(emoji) => react(emoji, true)} />}
    </li>
  );
}

function Content({ message }: { message: Message }) {
  if (message.deletedAt) return <p className="deleted">This message was deleted.</p>;
  return (
    <>
      {message.html && <Html html={message.html} large={isEmojiOnly(message.text)} />}
      <Attachments attachments={message.attachments} />
      {message.editedAt && (
        <span className="edited" title={fullDate(message.editedAt)}>
          edited
        </span>
      )}
    </>
  );
}

/** Leads to what it quotes. */
function Quote({ session, reply }: { session: RoomSession; reply: Reply }) {
  const href = messageHref(session.id, reply.seq);
  const words = useSelect(session.timeline, ({ messages }) => reply.excerpt || wordlessReply(messages.find(({ id }) => id === reply.id)));
  return (
    <a
      className="reply-to"
      href={href}
      title="Go to this message"
      // The address may name it already, from the last time.
      onClick={() => location.hash === href && void session.history.show(reply.seq)}
    >
      <span className="reply-author">{nameOf(reply.author)}</span> {words}
    </a>
  );
}

/** A quote without words: of files, or of what is gone. */
function wordlessReply(original: Message | undefined): string {
  if (original?.deletedAt !== undefined) return 'This message was deleted.';
  return original?.attachments[0]?.name ?? 'An earlier message';
}

interface OutgoingRowProps {
  itemKey: string;
  session: RoomSession;
  outgoing: Outgoing;
  head: boolean;
}

function OutgoingRow({ itemKey, session, outgoing, head }: OutgoingRowProps) {
  const me = useMe();
  return (
    <li className={`message outgoing ${outgoing.kind}${head ? ' head' : ''}`} data-key={itemKey}>
      <MessageGutter author={me} date={outgoing.createdAt} head={head} />
      <div className="message-body">
        <Byline author={me} date={outgoing.createdAt} head={head} />
        {outgoing.replyTo && <Quote session={session} reply={outgoing.replyTo} />}
        {outgoing.text && <p className="typed">{outgoing.text}</p>}
        {outgoing.files && <OutgoingFiles cid={outgoing.cid} files={outgoing.files} />}
        <Progress session={session} outgoing={outgoing} />
      </div>
    </li>
  );
}

function Progress({ session, outgoing }: { session: RoomSession; outgoing: Outgoing }) {
  const chat = useChat();
  const online = useOnline();
  const silent = useReadOnlyReason(session.id);
  const muted = online ? silent : undefined;
  if (outgoing.kind === 'confirmed') return null;
  if (outgoing.kind === 'pending' && isUploading(outgoing)) {
    return (
      <p className="progress">
        <Icon name="clock" size={14} /> {online ? 'Uploading…' : 'Queued'}
        <button type="button" className="link" onClick={() => void chat.outbox.discard(outgoing.cid)}>
          Cancel
        </button>
      </p>
    );
  }
  if (outgoing.kind === 'pending') {
    return online ? (
      <p className="progress sending">Sending…</p>
    ) : (
      <p className="progress" title="It goes out when you are connected">
        <Icon name="clock" size={14} /> Queued
      </p>
    );
  }
  return (
    <p className="progress not-sent">
      <Icon name="alert" size={14} /> <span>Not sent. {outgoing.reason}</span>
      <button type="button" className="link" disabled={muted !== undefined} title={muted} onClick={() => void chat.outbox.retry(outgoing.cid)}>
        Try again
      </button>
      <button type="button" className="link" onClick={() => void chat.outbox.discard(outgoing.cid)}>
        Discard
      </button>
    </p>
  );
}

interface BylineProps {
  author: Author;
  date: string;
  head: boolean;
}

function MessageGutter({ author, date, head }: BylineProps) {
  return <div className="gutter">{head ? <Avatar person={author} /> : <Time date={date} short />}</div>;
}

/** A grouped line tells its author only to those who cannot see that it is grouped. */
function Byline({ author, date, head }: BylineProps) {
  if (!head) return <span className="sr-only">{nameOf(author)}: </span>;
  return (
    <p className="byline">
      <span className="author">{nameOf(author)}</span> <Time date={date} />
    </p>
  );
}

function Time({ date, short = false }: { date: string; short?: boolean }) {
  return (
    <time dateTime={date} title={fullDate(date)}>
      {short ? shortTimeOf(date) : timeOf(date)}
    </time>
  );
}

interface ReactionsProps {
  session: RoomSession;
  message: Message;
  busy: boolean;
  onToggle: (emoji: string, on: boolean) => void;
}

function Reactions({ session, message, busy, onToggle }: ReactionsProps) {
  const { id: self } = useMe();
  const silent = useReadOnlyReason(session.id);
  // With the members come the names.
  useStore(session.members.state);
  if (message.reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label="Reactions" aria-busy={busy}>
      {message.reactions.map(({ emoji, count, me, userIds }) => {
        const who = userIds.map((id) => (id === self ? 'you' : (session.nameOf(id) ?? 'somebody'))).join(', ');
        return (
          <li key={emoji}>
            <button
              type="button"
              className="reaction"
              aria-pressed={me}
              aria-label={`${emoji} ${count}, ${who}${silent ? `. ${silent}` : ''}`}
              title={silent ? `${who}. ${silent}.` : who}
              aria-disabled={silent ? true : undefined}
              onClick={silent ? undefined : () => onToggle(emoji, !me)}
            >
              {emoji} <span className="reaction-count">{count}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
