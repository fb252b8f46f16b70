import { describe, expect, test } from 'vitest';
import { message, mine } from '../../test/fixtures';
import { firstUnreadItem, type Item, itemAt, itemsOf, seqsOf } from './items';
import { emptyTimeline, type Timeline } from './timeline';

const ME = 1;
const at = (date: string) => ({ createdAt: date });

function lay(t: Partial<Timeline>, newAfter?: number): Item[] {
  return itemsOf({ ...emptyTimeline(ME), ...t }, newAfter);
}

function told(items: Item[]): string[] {
  return items.map((item) => {
    switch (item.kind) {
      case 'day':
      case 'new':
        return item.kind;
      case 'system':
        return `system ${item.message.text}`;
      case 'fold':
        return `${item.open ? 'open' : 'fold'} of ${item.messages.length} ${item.of}`;
      case 'message':
        return `${item.head ? 'head' : 'more'} ${item.message.text}`;
      case 'outgoing':
        return `${item.head ? 'head' : 'more'} ${item.outgoing.text}?`;
      case 'blocked':
        return `${item.count} blocked`;
    }
  });
}

describe('itemsOf', () => {
  test('groups messages of one author until another author writes or time has passed', () => {
    const messages = [
      message(1, at('2026-11-23T10:00:00.000Z')),
      message(2, at('2026-11-23T10:04:00.000Z')),
      mine(3, 'a'),
      message(4, at('2026-11-23T10:05:00.000Z')),
      message(5, at('2026-11-23T10:11:00.000Z')),
    ].map((m) => (m.seq === 3 ? { ...m, createdAt: '2026-11-23T10:04:30.000Z' } : m));
    expect(told(lay({ messages }))).toEqual(['day', 'head m1', 'more m2', 'head m3', 'head m4', 'head m5']);
  });

  test('starts each day with a separator', () => {
    const messages = [message(1, at('2026-11-21T12:00:00.000Z')), message(2, at('2026-11-23T12:00:00.000Z'))];
    expect(told(lay({ messages }))).toEqual(['day', 'head m1', 'day', 'head m2']);
  });

  test('puts the marker of new messages before the first unread message of another user', () => {
    const join = message(2, { kind: 'system', text: 'Bob joined.' });
    const items = lay({ messages: [message(1), join, mine(3, 'a'), message(4), message(5)] }, 1);
    expect(told(items)).toEqual(['day', 'head m1', 'system Bob joined.', 'head m3', 'new', 'head m4', 'more m5']);
    expect(firstUnreadItem(items)).toMatchObject({ message: { text: 'm4' } });
  });

  test('folds successive messages of blocked users, except those that the user wants to see', () => {
    const cleo = { id: 3, username: 'cleo', displayName: 'Cleo', avatarUrl: '' };
    const join = message(6, { kind: 'system', text: 'Bob joined.' });
    const messages = [message(1), message(2, { author: cleo }), mine(3, 'a'), message(4), message(5), join, message(7)];
    const blocked = new Set([2]);
    expect(told(lay({ messages, blocked }))).toEqual(['day', '1 blocked', 'head m2', 'head m3', '2 blocked', 'system Bob joined.', '1 blocked']);
    expect(told(lay({ messages, blocked: new Set([2, 3]) }))).toEqual(['day', '2 blocked', 'head m3', '2 blocked', 'system Bob joined.', '1 blocked']);
    expect(told(itemsOf({ ...emptyTimeline(ME), messages, blocked }, undefined, [{ from: 4, to: 5 }]))).toEqual(['day', '1 blocked', 'head m2', 'head m3', 'head m4', 'more m5', 'system Bob joined.', '1 blocked']);
    const items = lay({ messages, blocked }, 3);
    expect(told(items)).toEqual(['day', '1 blocked', 'head m2', 'head m3', 'new', '2 blocked', 'system Bob joined.', '1 blocked']);
    expect(itemAt(items, 5)).toMatchObject({ kind: 'blocked', from: 4, to: 5 });
  });

  test('lets no deleted message head a group', () => {
    const gone = { deletedAt: '2026-11-23T11:00:00.000Z', text: 'gone' };
    expect(told(lay({ messages: [message(1, gone), message(2), message(3, gone), message(4)] }))).toEqual(['day', 'more gone', 'head m2', 'more gone', 'more m4']);
    expect(told(lay({ messages: [mine(1, 'a'), message(2, gone), mine(3, 'b')] }))).toEqual(['day', 'head m1', 'more gone', 'head m3']);
  });

  test('folds runs of joins and leaves and of deleted messages, in the order of the room', () => {
    const change = (seq: number, userId: number, action: 'join' | 'leave' = 'join') =>
      message(seq, { kind: 'system', text: `${userId} ${action}`, author: { id: userId, username: `u${userId}`, displayName: '', avatarUrl: '' }, system: { action, userId } });
    const gone = (seq: number) => message(seq, { deletedAt: '2026-11-23T11:00:00.000Z' });
    const messages = [
      ...[change(1, 11), change(2, 12)],
      message(3),
      ...[change(4, 13), change(5, 14, 'leave'), change(9, 15)],
      ...[gone(10), gone(11), gone(12)],
      message(13, { kind: 'system', text: 'named', system: { action: 'name', userId: 1 } }),
      ...[change(14, 16), change(15, 17), change(16, 18)],
    ];
    const folded = lay({ messages }, 12);
    expect(told(folded)).toEqual(['day', 'system 11 join', 'system 12 join', 'head m3', 'fold of 3 memberships', 'fold of 3 deletions', 'system named', 'fold of 3 memberships']);
    expect(itemAt(folded, 5)).toBe(folded[4]);
    expect(folded[4] && seqsOf(folded[4])).toEqual({ from: 4, to: 9 });

    const open = itemsOf({ ...emptyTimeline(ME), messages }, 12, [], new Set([5]));
    expect(told(open).slice(4, 8)).toEqual(['open of 3 memberships', 'system 13 join', 'system 14 leave', 'system 15 join']);
    expect(itemAt(open, 5)).toMatchObject({ kind: 'system', message: { seq: 5 } });

    // The list keeps its position by keys: older messages do not change those of the others.
    expect(lay({ messages: [change(0, 9), ...messages] }).map(({ key }) => key).slice(2)).toEqual(folded.map(({ key }) => key).slice(3));
  });

  test('ends a run at the line of a day and above new messages', () => {
    const join = (seq: number, date: string) => message(seq, { kind: 'system', text: 'join', createdAt: date, system: { action: 'join', userId: 2 } });
    const gone = (seq: number) => message(seq, { deletedAt: '2026-11-23T11:00:00.000Z', text: 'gone' });
    const days = [...[1, 2, 3].map((seq) => join(seq, '2026-11-21T12:00:00.000Z')), ...[4, 5, 6].map((seq) => join(seq, '2026-11-23T12:00:00.000Z'))];
    expect(told(lay({ messages: days }))).toEqual(['day', 'fold of 3 memberships', 'day', 'fold of 3 memberships']);
    expect(told(lay({ messages: [1, 2, 3, 4, 5, 6].map(gone) }, 3))).toEqual(['day', 'fold of 3 deletions', 'new', 'fold of 3 deletions']);
  });

  test('keeps the key of a message when it is confirmed', () => {
    const pending = { kind: 'pending', cid: 'a', text: 'hello', createdAt: '2026-11-23T10:00:00.000Z' } as const;
    const before = lay({ outgoing: [pending] }).at(-1);
    const after = lay({ messages: [mine(1, 'a')] }).at(-1);
    expect(before?.key).toBe(after?.key);
  });
});
