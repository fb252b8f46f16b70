import { describe, expect, test } from 'vitest';
import { hello } from '../test/fakeSocket';
import { alice, author, bob, message, room, user } from '../test/fixtures';
import { connectTestChat, createTestChat, joined, type TestChat } from '../test/testChat';
import { until } from '../test/until';

const news = (seq: number, more: object = {}) => ({ type: 'message:new', data: { roomId: 7, seq, message: message(seq, more) } });
const blockOf = (userId: number, blocked: boolean) => ({ type: 'block:updated', data: { userId, blocked } });

async function inRoom(): Promise<TestChat> {
  const rig = await connectTestChat();
  const session = rig.chat.rooms.session(7);
  if (session) await until(session.loadState, ({ kind }) => kind === 'ready');
  return rig;
}

describe('a blocked person', () => {
  test('does not count as a mention and does not notify, and counts again when unblocked', async () => {
    const { chat, socket } = await inRoom();
    socket().serve(blockOf(bob.id, true), news(1, { mentions: [alice.id] }), news(2));
    expect(chat.rooms.unread.getSnapshot().get(7)).toEqual({ unread: 2, mentions: 0 });
    expect(chat.notifications.latest.getSnapshot()).toBeUndefined();
    socket().serve(blockOf(bob.id, false));
    expect(chat.rooms.unread.getSnapshot().get(7)).toEqual({ unread: 2, mentions: 1 });
    socket().serve(news(3, { mentions: [alice.id] }));
    expect(chat.notifications.latest.getSnapshot()).toMatchObject({ roomId: 7, text: 'm3' });
  });

  test('is blocked on the server, and stays blocked here while the page is not connected', async () => {
    const { chat, db, requests } = await connectTestChat(() => ({ status: 204, body: null }));
    await chat.blocks.setBlocked(bob.id, true);
    expect(requests.at(-1)).toBe('PUT /users/2/block');
    chat.stop();
    const next = await createTestChat(undefined, db);
    expect(next.chat.blocks.has(bob.id)).toBe(true);
    await next.chat.start();
    next.socket().serve(hello({ user: alice, blocked: [3] }));
    expect([...next.chat.blocks.ids.getSnapshot()]).toEqual([3]);
  });

  test('stays blocked here if the server refuses to end the block', async () => {
    const { chat, socket } = await connectTestChat((method) => (method === 'DELETE' ? { status: 503, body: { status: 503, title: 'No', detail: 'Later.', code: 'UNAVAILABLE' } } : { body: {} }));
    socket().serve(blockOf(bob.id, true));
    await expect(chat.blocks.setBlocked(bob.id, false)).rejects.toThrow('Later.');
    expect(chat.blocks.has(bob.id)).toBe(true);
  });

  test('of a room that is opened later is known there, too', async () => {
    const { chat, socket, command } = await connectTestChat();
    socket().serve(blockOf(bob.id, true));
    const direct = room(9, { direct: true, with: [author(alice), author(bob)] });
    socket().serve({ type: 'room:added', data: { room: direct, membership: { roomId: 9, userId: 1, role: 'member', joinedAt: '', lastRead: 0 } } });
    socket().serve(joined((await command('room:join', 2)).id, { room: direct }));
    expect(chat.rooms.session(9)?.timeline.getSnapshot().blocked.has(bob.id)).toBe(true);
  });
});

test('opening a conversation that exists asks the server nothing', async () => {
  const { chat, socket, requests } = await connectTestChat();
  const direct = room(9, { direct: true, with: [author(alice), author(user(5, 'eve'))] });
  socket().serve({ type: 'room:added', data: { room: direct, membership: { roomId: 9, userId: 1, role: 'member', joinedAt: '', lastRead: 0 } } });
  expect((await chat.rooms.openDirect(5)).id).toBe(9);
  expect(requests.filter((one) => one.startsWith('PUT'))).toEqual([]);
});
