import { describe, expect, test } from 'vitest';
import { alice, bob, room, user } from '../test/fixtures';
import { adjacentRoom, quickSwitchResults, sidebarOrder } from './quickSwitch';
import type { MyRoom } from './room/myRoom';

const cleo = user(3, 'cleo', 'Cleo Ünal');
const mine = (id: number, name: string, more: object = {}): MyRoom => ({ room: room(id, { name, ...more }), role: 'member' });
const direct = (id: number, other: typeof bob) => mine(id, 'x', { direct: true, with: [alice, other] });
const rooms = [mine(1, 'garden club'), mine(2, 'reading'), mine(3, 'late night radio'), direct(4, bob), direct(5, cleo)];
const ids = (list: readonly MyRoom[]) => list.map((one) => one.room.id);

test('sorts direct rooms by their last message and keeps the order of rooms', () => {
  const order = sidebarOrder(rooms, new Map([[4, 10], [5, 20]]));
  expect([ids(order.rooms), ids(order.people)]).toEqual([[1, 2, 3], [5, 4]]);
});

test.each([
  [[1, 2, 3], 2, 1, 3],
  [[1, 2, 3], 3, 1, 1],
  [[1, 2, 3], 1, -1, 3],
  [[1, 2, 3], undefined, 1, 1],
  [[1, 2, 3], undefined, -1, 3],
  [[1], 1, 1, undefined],
  [[], undefined, 1, undefined],
] as const)('returns in %j from %s by %i the room %s', (all, from, step, next) => expect(adjacentRoom(all, from, step)).toBe(next));

describe('quickSwitchResults', () => {
  const unread = new Map([[3, { unread: 4, mentions: 0 }], [5, { unread: 1, mentions: 0 }]]);
  const find = (query: string, here?: number) => ids(quickSwitchResults(rooms, query, { me: 1, here, unread, visited: [2, 1] }));

  test.each([
    ['', [5, 3, 2, 1, 4]],
    ['r', [2, 3, 1]],
    ['ra', [3]],
    ['ADIN', [2]],
    ['@bo', [4]],
    ['una', [5]],
    ['cleo', [5]],
    ['zz', []],
  ])('returns for "%s" %j', (query, found) => expect(find(query)).toEqual(found));

  test('does not contain the current room', () => expect(find('', 5)).toEqual([3, 2, 1, 4]));
});
