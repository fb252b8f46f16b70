import { expect, test } from 'vitest';
import { room } from '../test/fixtures';
import { hello } from '../test/fakeSocket';
import { alice } from '../test/fixtures';
import { createTestChat } from '../test/testChat';
import { openFirstRoom } from './firstRoom';

const taken = { status: 409, body: { status: 409, title: 'Conflict', detail: 'A room with that name already exists.', code: 'ROOM_NAME_TAKEN' } };
const away = { status: 503, body: { status: 503, title: 'Unavailable', detail: 'Please try again.', code: 'UNAVAILABLE' } };
const notFound = { status: 404, body: { status: 404, title: 'Not found', detail: 'Not found.', code: 'NOT_FOUND' } };
const created = { status: 201, body: { room: room(5, { name: 'general' }) } };
const joined = { body: { room: room(6, { name: 'general' }), membership: { roomId: 6, userId: 1, role: 'owner', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0 } } };

async function chatWith(rooms: object[], answers: Record<string, { status?: number; body: unknown }>) {
  const rig = await createTestChat((method, path) => answers[`${method} ${path}`] ?? { body: {} });
  await rig.chat.start();
  rig.socket().serve(hello({ user: alice, rooms }));
  return { ...rig, posts: () => rig.requests.filter((one) => one.startsWith('POST')) };
}

const own = (id: number, more: object) => ({ room: room(id, more), role: 'owner', lastRead: 0, unread: 0, mentions: 0 });

test('creates the room "general" and adds it to the rooms', async () => {
  const { chat, posts } = await chatWith([], { 'POST /rooms': created });
  expect(await openFirstRoom(chat.rooms)).toBe(5);
  expect(chat.rooms.get(5)?.role).toBe('owner');
  expect(posts()).toEqual(['POST /rooms']);
});

test.each([
  ['the room of that name', [own(3, { name: 'chess' }), own(4, { name: 'general' })], 4],
  ['the first room', [own(3, { name: 'chess' })], 3],
])('creates nothing if the user has rooms, and opens %s', async (_, rooms, want) => {
  const { chat, posts } = await chatWith(rooms, {});
  expect(await openFirstRoom(chat.rooms)).toBe(want);
  expect(posts()).toEqual([]);
});

test.each([
  ['joins the room if the name is taken, also by a call whose response was lost', joined, 6],
  ['opens nothing if that room is not open', notFound, undefined],
])('%s', async (_, answer, want) => {
  const { chat } = await chatWith([], { 'POST /rooms': taken, 'POST /rooms/join': answer });
  expect(await openFirstRoom(chat.rooms)).toBe(want);
});

test.each([
  ['creating', { 'POST /rooms': away }],
  ['joining', { 'POST /rooms': taken, 'POST /rooms/join': away }],
])('fails if the server is unavailable while %s, so that the caller retries', async (_, answers) => {
  const { chat } = await chatWith([], answers as never);
  await expect(openFirstRoom(chat.rooms)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
