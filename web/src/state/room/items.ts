import type { Message } from '../../protocol/types';
import { foldRuns, type Fold } from './folds';
import { type Outgoing, isLoadedSince, type Timeline } from './timeline';

/** An item of the message list. */
export type Item =
  | { kind: 'day'; key: string; date: string }
  | { kind: 'new'; key: string }
  | { kind: 'system'; key: string; message: Message }
  /** The first message of a group by one author (`head`) shows the name and avatar. */
  | { kind: 'message'; key: string; message: Message; head: boolean }
  /** Successive messages of blocked users, from one number to another. */
  | ({ kind: 'blocked'; key: string; count: number } & SeqRange)
  | { kind: 'outgoing'; key: string; outgoing: Outgoing; head: boolean }
  | Fold;

/** A range of numbers, both inclusive. */
export interface SeqRange {
  from: number;
  to: number;
}

/** Messages of one author within this time are grouped. */
const TOGETHER_MS = 5 * 60_000;

interface Run {
  author: number;
  at: number;
}

/**
 * Returns the items of a timeline. `newAfter` is the last message that was read when
 * the room was opened. The marker of new messages is missing if the messages after
 * it are not all loaded. `unfolded` are messages of blocked users that the user wants
 * to see. `openFolds` has the number of a message of each run that is open.
 */
export function itemsOf(t: Timeline, newAfter?: number, unfolded: readonly SeqRange[] = [], openFolds?: ReadonlySet<number>): Item[] {
  const items: Item[] = [];
  let day = { from: 0, to: 0 };
  let run: Run | undefined;
  let marked = newAfter === undefined || !isLoadedSince(t, newAfter);

  const startDay = (date: string, at: number) => {
    if (at >= day.from && at < day.to) return;
    day = dayOf(at);
    run = undefined;
    items.push({ kind: 'day', key: `day-${day.from}`, date });
  };
  const isHead = (author: number, at: number): boolean => {
    const head = run === undefined || run.author !== author || at - run.at > TOGETHER_MS;
    run = { author, at };
    return head;
  };

  const fold = (seq: number) => {
    run = undefined;
    const last = items.at(-1);
    if (last?.kind === 'blocked') items[items.length - 1] = { ...last, to: seq, count: last.count + 1 };
    else items.push({ kind: 'blocked', key: `b${seq}`, from: seq, to: seq, count: 1 });
  };

  for (const message of t.messages) {
    const at = Date.parse(message.createdAt);
    startDay(message.createdAt, at);
    if (!marked && message.seq > (newAfter ?? 0) && message.kind === 'text' && message.author.id !== t.me) {
      marked = true;
      run = undefined;
      items.push({ kind: 'new', key: 'new' });
    }
    const key = messageKey(message.author.id, message.cid) ?? `m${message.id}`;
    if (message.kind === 'system') {
      run = undefined;
      items.push({ kind: 'system', key: `m${message.id}`, message });
    } else if (t.blocked.has(message.author.id) && !unfolded.some(({ from, to }) => message.seq >= from && message.seq <= to)) {
      fold(message.seq);
    } else if (message.deletedAt !== undefined) {
      // It names its author itself, so that the next message has an author and a time of its own.
      if (run?.author !== message.author.id) run = undefined;
      items.push({ kind: 'message', key, message, head: false });
    } else {
      const head = isHead(message.author.id, at);
      items.push({ kind: 'message', key, message, head: head || message.replyTo !== undefined });
    }
  }
  for (const one of t.outgoing) {
    const at = Date.parse(one.createdAt);
    startDay(one.createdAt, at);
    const head = isHead(t.me, at) || one.replyTo !== undefined;
    items.push({ kind: 'outgoing', key: messageKey(t.me, one.cid) ?? one.cid, outgoing: one, head });
  }
  return foldRuns(items, openFolds);
}

/** Returns the local day of a moment, from midnight to midnight. It is called once per day of messages, because dates are slow. */
function dayOf(at: number): { from: number; to: number } {
  const date = new Date(at);
  const midnight = (days: number) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  return { from: midnight(0), to: midnight(1) };
}

/** Reports whether two items look the same. */
export function isSameItem(a: Item, b: Item): boolean {
  const before: Record<string, unknown> = { ...a };
  const now: Record<string, unknown> = { ...b };
  return Object.keys(now).every((field) => isSameValue(before[field], now[field]));
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return Object.is(a, b);
  return a.length === b.length && a.every((element, i) => Object.is(element, b[i]));
}

/** Returns a key that a message keeps when it is confirmed, so that its row is not rendered again from scratch. */
function messageKey(author: number, cid: string): string | undefined {
  return cid === '' ? undefined : `c${author}-${cid}`;
}

/** Returns the first new message. The room is opened there. */
export function firstUnreadItem(items: readonly Item[]): Item | undefined {
  const mark = items.findIndex((item) => item.kind === 'new');
  return mark < 0 ? undefined : items[mark + 1];
}

/** Returns the message with a number, or the next one. */
export function itemAt(items: readonly Item[], seq: number): Item | undefined {
  return items.find((item) => (seqsOf(item)?.to ?? -1) >= seq);
}

/** Returns the numbers of the first and last message that an item shows, or undefined if it shows none. */
export function seqsOf(item: Item): SeqRange | undefined {
  if (item.kind === 'blocked') return item;
  if (item.kind === 'message' || item.kind === 'system') return { from: item.message.seq, to: item.message.seq };
  if (item.kind !== 'fold' || item.open) return undefined;
  const [first, last] = [item.messages[0], item.messages.at(-1)];
  return first && last && { from: first.seq, to: last.seq };
}
