import type { Message } from '../../protocol/types';
import { type Outgoing, isLoadedSince, type Timeline } from './timeline';

/** What a message list shows, line by line. */
export type Item =
  | { kind: 'day'; key: string; date: string }
  | { kind: 'new'; key: string }
  | { kind: 'system'; key: string; message: Message }
  /** head: the first of a run by one author shows name and picture. */
  | { kind: 'message'; key: string; message: Message; head: boolean }
  | { kind: 'outgoing'; key: string; outgoing: Outgoing; head: boolean };

/** Messages of one author within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

interface Run {
  author: number;
  at: number;
}

/**
 * Lays out a timeline. newAfter is the last message read when the room was opened;
 * where what followed it is not loaded, nobody can tell where the new begins.
 */
export function itemsOf(t: Timeline, newAfter?: number): Item[] {
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
  return items;
}

/** The day of a moment, here: from one midnight up to the next. Asked once a day, for dates are slow. */
function dayOf(at: number): { from: number; to: number } {
  const date = new Date(at);
  const midnight = (days: number) => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  return { from: midnight(0), to: midnight(1) };
}

/** Whether two layouts show the same line. */
export function isSameItem(a: Item, b: Item): boolean {
  const before: Record<string, unknown> = { ...a };
  const now: Record<string, unknown> = { ...b };
  return Object.keys(now).every((field) => Object.is(before[field], now[field]));
}

/** A message keeps its key when it turns from pending into sent: its line is not built anew. */
function messageKey(author: number, cid: string): string | undefined {
  return cid === '' ? undefined : `c${author}-${cid}`;
}

/** The first message that is new, to open the room at. */
export function firstUnreadItem(items: readonly Item[]): Item | undefined {
  const mark = items.findIndex((item) => item.kind === 'new');
  return mark < 0 ? undefined : items[mark + 1];
}

/** The message with this number, or the one that comes after it. */
export function itemAt(items: readonly Item[], seq: number): Item | undefined {
  return items.find((item) => (item.kind === 'message' || item.kind === 'system') && item.message.seq >= seq);
}
