import type { Author, RoomChanges, Message, MessageConfirmed, Reply } from '../../protocol/types';
import type { OutgoingFile } from '../outbox/files';

/** A message of the user that has no number in the room's sequence yet. */
export type Outgoing = OutgoingContent &
  ({ kind: 'pending' } | { kind: 'confirmed'; seq: number } | { kind: 'failed'; reason: string });

interface OutgoingContent {
  cid: string;
  text: string;
  createdAt: string;
  replyTo?: Reply;
  files?: readonly OutgoingFile[];
}

/** The last applied number of the room's sequence. It is unknown until the room is joined or read from the cache. */
export type Cursor = { kind: 'unknown' } | { kind: 'at'; seq: number; epoch: string };

/**
 * The loaded messages of a room: a range without gaps from the oldest loaded message
 * to the cursor, and the outgoing messages of the user.
 */
export interface Timeline {
  me: number;
  /** The users that the user has blocked. Their messages are folded, and do not count as mentions. */
  blocked: ReadonlySet<number>;
  cursor: Cursor;
  /** Ascending by seq. */
  messages: readonly Message[];
  /** The server has older messages. */
  hasOlder: boolean;
  /** Changes that arrived before their predecessors. They are applied when the gap is filled. */
  held: ReadonlyMap<number, Message>;
  outgoing: readonly Outgoing[];
}

export type TimelineEvent =
  /** The newest messages of the room. They replace all known ones. */
  | { type: 'opened'; messages: Message[]; to: number; epoch: string }
  /** One change of the room's sequence. */
  | { type: 'changed'; seq: number; message: Message }
  /** The changes of a range of the sequence. */
  | { type: 'caught-up'; changes: RoomChanges }
  | { type: 'blocked'; userIds: ReadonlySet<number> }
  /** A changed name or avatar. */
  | { type: 'author'; author: Author }
  | { type: 'older'; messages: readonly Message[]; hasMore: boolean }
  /** Only the newest messages are displayed: the others are unloaded. */
  | { type: 'trimmed'; keep: number }
  /** The connection was lost. Held changes are requested again on the next one. */
  | { type: 'interrupted' }
  /** The known numbers are invalid. */
  | { type: 'reset' }
  | { type: 'queued'; outgoing: readonly Outgoing[] }
  | { type: 'confirmed'; confirmed: MessageConfirmed };

export function emptyTimeline(me: number): Timeline {
  return { me, blocked: new Set(), cursor: { kind: 'unknown' }, messages: [], hasOlder: false, held: new Map(), outgoing: [] };
}

/** Applies an event to a timeline. It is the only function that changes messages, and it is pure. */
export function applyEvent(t: Timeline, event: TimelineEvent): Timeline {
  switch (event.type) {
    case 'opened':
      return openAt(t, event.messages, event.to, event.epoch);
    case 'changed':
      return change(t, event.seq, event.message);
    case 'caught-up':
      return catchUp(t, event.changes);
    case 'blocked':
      return { ...t, blocked: event.userIds };
    case 'author':
      return updateAuthor(t, event.author);
    case 'older':
      return prepend(t, event.messages, event.hasMore);
    case 'trimmed':
      return t.messages.length <= event.keep ? t : { ...t, messages: t.messages.slice(-event.keep), hasOlder: true };
    case 'interrupted':
      return t.held.size === 0 ? t : { ...t, held: new Map() };
    case 'reset':
      return { ...emptyTimeline(t.me), blocked: t.blocked, outgoing: t.outgoing };
    case 'queued':
      return queue(t, event.outgoing);
    case 'confirmed':
      return confirm(t, event.confirmed);
  }
}

/** Reports whether changes before the held ones are missing. Then the changes since the cursor must be requested. */
export function hasGap(t: Timeline): boolean {
  return t.cursor.kind === 'at' && t.held.size > 0;
}

/** Reports whether all messages after a number are loaded. */
export function isLoadedSince({ messages, hasOlder }: Timeline, seq: number): boolean {
  const first = messages[0];
  return !hasOlder || (first !== undefined && first.seq <= seq + 1);
}

/** Returns the change of the number of members after a number. */
export function memberChangeSince(t: Timeline, seq: number): number {
  let change = 0;
  for (let i = t.messages.length - 1; i >= 0; i--) {
    const message = t.messages[i];
    if (message === undefined || message.seq <= seq) break;
    const action = message.system?.action;
    if (action === 'join') change += 1;
    if (action === 'leave' || action === 'kick') change -= 1;
  }
  return change;
}

function openAt(t: Timeline, messages: readonly Message[], to: number, epoch: string): Timeline {
  const sorted = messages.toSorted((a, b) => a.seq - b.seq);
  return applyHeld({
    ...t,
    cursor: { kind: 'at', seq: to, epoch },
    messages: sorted,
    hasOlder: (sorted[0]?.seq ?? 0) > 1,
  });
}

function change(t: Timeline, seq: number, message: Message): Timeline {
  if (t.cursor.kind === 'at' && seq <= t.cursor.seq) return t;
  return applyHeld({ ...t, held: new Map(t.held).set(seq, message) });
}

function catchUp(t: Timeline, changes: RoomChanges): Timeline {
  if (t.cursor.kind !== 'at' || changes.from > t.cursor.seq) return t;
  if (changes.epoch !== t.cursor.epoch) return t;
  let messages = t.messages;
  for (const message of changes.messages) messages = insertMessage(messages, message, t.hasOlder);
  const seq = Math.max(t.cursor.seq, changes.to);
  return applyHeld({ ...t, messages, cursor: { ...t.cursor, seq } });
}

function updateAuthor(t: Timeline, author: Author): Timeline {
  return { ...t, messages: withAuthor(t.messages, author) };
}

/** Returns the messages with a changed author, also in replies. */
export function withAuthor(messages: readonly Message[], author: Author): readonly Message[] {
  return messages.map((message): Message => {
    const { replyTo } = message;
    const answers = replyTo?.author.id === author.id;
    if (message.author.id !== author.id && !answers) return message;
    return {
      ...message,
      author: message.author.id === author.id ? author : message.author,
      ...(answers ? { replyTo: { ...replyTo, author } } : {}),
    };
  });
}

function prepend(t: Timeline, older: readonly Message[], hasMore: boolean): Timeline {
  const first = t.messages[0]?.seq ?? Number.POSITIVE_INFINITY;
  const fresh = older.filter((message) => message.seq < first).toSorted((a, b) => a.seq - b.seq);
  return { ...t, messages: [...fresh, ...t.messages], hasOlder: hasMore };
}

function queue(t: Timeline, outgoing: readonly Outgoing[]): Timeline {
  // A confirmed message is no longer in the outbox; it stays here until its event arrives.
  const confirmed = t.outgoing.filter((one) => one.kind === 'confirmed');
  const known = new Set([...ownCids(t), ...confirmed.map((one) => one.cid)]);
  return { ...t, outgoing: [...confirmed, ...outgoing.filter((one) => !known.has(one.cid))] };
}

function confirm(t: Timeline, { cid, seq, createdAt }: MessageConfirmed): Timeline {
  const outgoing = t.outgoing.map((one): Outgoing =>
    one.cid === cid ? { ...contentOf(one), kind: 'confirmed', createdAt, seq } : one,
  );
  return applyHeld({ ...t, outgoing });
}

function contentOf({ cid, text, createdAt, replyTo, files }: Outgoing): OutgoingContent {
  return { cid, text, createdAt, ...(replyTo ? { replyTo } : {}), ...(files ? { files } : {}) };
}

/** Applies held changes without a gap, and removes outgoing messages that are part of the sequence now. */
function applyHeld(t: Timeline): Timeline {
  if (t.cursor.kind !== 'at') return t;
  let { seq } = t.cursor;
  let { messages } = t;
  const held = new Map(t.held);
  for (let next = held.get(seq + 1); next !== undefined; next = held.get(seq + 1)) {
    messages = insertMessage(messages, next, t.hasOlder);
    seq += 1;
  }
  for (const number of held.keys()) if (number <= seq) held.delete(number);
  const settled: Timeline = { ...t, messages, held, cursor: { ...t.cursor, seq } };
  return { ...settled, outgoing: withoutPlaced(settled, seq) };
}

function withoutPlaced(t: Timeline, cursor: number): readonly Outgoing[] {
  if (t.outgoing.length === 0) return t.outgoing;
  const mine = new Set(ownCids(t));
  return t.outgoing.filter((one) => !mine.has(one.cid) && !(one.kind === 'confirmed' && one.seq <= cursor));
}

function ownCids(t: Timeline): string[] {
  return t.messages.filter((message) => message.author.id === t.me && message.cid !== '').map((message) => message.cid);
}

/** Inserts or replaces a message. A message before the loaded range is ignored: it is read with its page. */
function insertMessage(messages: readonly Message[], message: Message, hasOlder: boolean): readonly Message[] {
  const last = messages.at(-1);
  if (last === undefined || message.seq > last.seq) return [...messages, message];
  const first = messages[0];
  if (hasOlder && first !== undefined && message.seq < first.seq) return messages;
  const at = messages.findIndex((one) => one.seq >= message.seq);
  const known = messages[at];
  if (known === undefined || known.seq !== message.seq) return messages.toSpliced(at, 0, message);
  return known.changeSeq > message.changeSeq ? messages : messages.with(at, message);
}
