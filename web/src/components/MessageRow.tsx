import { memo } from 'react';
import { useChat } from '../hooks/context';
import { useMe, useOnline } from '../hooks/useChatState';
import type { Message } from '../protocol/types';
import type { Item } from '../state/items';
import type { Outgoing } from '../state/timeline';
import { Avatar, nameOf } from './Avatar';
import { dayOf, shortTimeOf, timeOf, wholeDate } from './dates';
import { Html } from './Html';
import { Icon } from './Icon';

/** One line of the list, whatever it is. */
export const ItemRow = memo(function ItemRow({ item }: { item: Item }) {
  switch (item.kind) {
    case 'day':
      return (
        // Without data-key, like the next: these lines move when older messages come.
        <li className="day">
          <span>{dayOf(item.date)}</span>
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
      return <MessageRow itemKey={item.key} message={item.message} head={item.head} />;
    case 'outgoing':
      return <OutgoingRow itemKey={item.key} outgoing={item.outgoing} head={item.head} />;
  }
});

function MessageRow({ itemKey, message, head }: { itemKey: string; message: Message; head: boolean }) {
  return (
    <li className={`message${head ? ' head' : ''}`} data-key={itemKey}>
      <Gutter author={message.author} date={message.createdAt} head={head} />
      <div className="message-body">
        <Byline author={message.author} date={message.createdAt} head={head} />
        {message.replyTo && (
          <p className="reply-to">
            <span className="reply-author">{nameOf(message.replyTo.author)}</span> {message.replyTo.excerpt}
          </p>
        )}
        {message.deletedAt ? <p className="deleted">This message was deleted.</p> : <Html html={message.html} />}
        {message.editedAt && !message.deletedAt && (
          <span className="edited" title={wholeDate(message.editedAt)}>
            edited
          </span>
        )}
        <Reactions message={message} />
      </div>
    </li>
  );
}

function OutgoingRow({ itemKey, outgoing, head }: { itemKey: string; outgoing: Outgoing; head: boolean }) {
  const me = useMe();
  return (
    <li className={`message outgoing ${outgoing.kind}${head ? ' head' : ''}`} data-key={itemKey}>
      <Gutter author={me} date={outgoing.createdAt} head={head} />
      <div className="message-body">
        <Byline author={me} date={outgoing.createdAt} head={head} />
        <p className="typed">{outgoing.text}</p>
        <Progress outgoing={outgoing} />
      </div>
    </li>
  );
}

function Progress({ outgoing }: { outgoing: Outgoing }) {
  const chat = useChat();
  const online = useOnline();
  if (outgoing.kind === 'confirmed') return null;
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
      <button type="button" className="link" onClick={() => void chat.outbox.retry(outgoing.cid)}>
        Try again
      </button>
      <button type="button" className="link" onClick={() => void chat.outbox.discard(outgoing.cid)}>
        Discard
      </button>
    </p>
  );
}

interface BylineProps {
  author: { id: number; username: string; displayName: string; avatarUrl: string };
  date: string;
  head: boolean;
}

function Gutter({ author, date, head }: BylineProps) {
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
    <time dateTime={date} title={wholeDate(date)}>
      {short ? shortTimeOf(date) : timeOf(date)}
    </time>
  );
}

function Reactions({ message }: { message: Message }) {
  if (message.reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label="Reactions">
      {message.reactions.map(({ emoji, count, me }) => (
        <li key={emoji} className={me ? 'mine' : undefined}>
          {emoji} {count}
        </li>
      ))}
    </ul>
  );
}
