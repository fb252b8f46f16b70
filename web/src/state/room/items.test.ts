import { describe, expect, test } from 'vitest';
import { message, mine } from '../../test/fixtures';
import { firstUnreadItem, type Item, itemAt, itemsOf } from './items';
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

  test('keeps the key of a message when it is confirmed', () => {
    const pending = { kind: 'pending', cid: 'a', text: 'hello', createdAt: '2026-11-23T10:00:00.000Z' } as const;
    const before = lay({ outgoing: [pending] }).at(-1);
    const after = lay({ messages: [mine(1, 'a')] }).at(-1);
    expect(before?.key).toBe(after?.key);
  });
});
