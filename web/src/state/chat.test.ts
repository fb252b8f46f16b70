import { afterEach, describe, expect, test } from 'vitest';
import type { Author, Message, User } from '../protocol/types';
import { alice, bob, message, room } from '../test/fixtures';
import { connectTestChat, helloWithRoom, joined, type TestChat, createTestChat } from '../test/testChat';
import { until } from '../test/until';
import type { RoomSession } from './room/session';

let present: TestChat | undefined;

afterEach(() => present?.chat.stop());

async function connected(): Promise<{ rig: TestChat; session: RoomSession }> {
  present = await connectTestChat();
  const session = sessionOf(present);
  await until(session.loadState, (opening) => opening.kind === 'ready');
  return { rig: present, session };
}

function sessionOf({ chat }: TestChat): RoomSession {
  const session = chat.rooms.session(7);
  if (session === undefined) throw new Error('room 7 is not there');
  return session;
}

const author = ({ id, username, displayName, avatarUrl }: User): Author => ({ id, username, displayName, avatarUrl });
const news = (m: Message) => ({ type: 'message:new', data: { roomId: 7, seq: m.changeSeq, message: m } });
const texts = (session: RoomSession) => session.timeline.getSnapshot().messages.map((m) => m.text);
const changes = (id: number, from: number, messages: Message[], more: object = {}) => ({
  id,
  type: 'room:changes',
  data: { messages, from, to: messages.at(-1)?.changeSeq ?? from, head: 9, epoch: 'e1', more: false, ...more },
});

describe('a room', () => {
  test('requests missing changes and shows them in order', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(1)), news(message(3)));
    const asked = await rig.command('room:changes');
    expect(asked.data).toMatchObject({ roomId: 7, since: 1, epoch: 'e1' });
    expect(texts(session)).toEqual(['m1']);
    rig.socket().serve(changes(asked.id, 1, [message(2), message(3)]));
    await until(session.timeline, (t) => t.messages.length === 3);
    expect(texts(session)).toEqual(['m1', 'm2', 'm3']);
  });

  test('shows a message in the same frame as the response to its join', async () => {
    present = await createTestChat();
    await present.chat.start();
    present.socket().serve(helloWithRoom());
    const join = await present.command('room:join');
    present.socket().serve(joined(join.id, { messages: [message(1)], to: 1 }), news(message(2)));
    const session = sessionOf(present);
    await until(session.timeline, (t) => t.messages.length === 2);
    expect(texts(session)).toEqual(['m1', 'm2']);
  });

  test('shows the current name of a user in messages and replies', async () => {
    const { rig, session } = await connected();
    const answer = message(2, { author: author(alice), replyTo: { id: 1001, seq: 1, author: author(bob), excerpt: 'm1' } });
    const robert = { ...bob, displayName: 'Robert' };
    rig.socket().serve(news(message(1)), news(answer), { type: 'user:updated', data: { user: robert } });
    await until(session.timeline, (t) => t.messages[0]?.author.displayName === 'Robert');
    const [, second] = session.timeline.getSnapshot().messages;
    expect([second?.author.displayName, second?.replyTo?.author.displayName]).toEqual(['Alice', 'Robert']);
    expect(rig.chat.profile.user.getSnapshot().displayName).toBe('Alice');
    rig.socket().serve({ type: 'user:updated', data: { user: { ...alice, displayName: 'Alicia', status: 'unknown' } } });
    await until(rig.chat.profile.user, (user) => user.displayName === 'Alicia');
    expect(rig.chat.profile.user.getSnapshot().status).toBe('online');
  });

  test('requests pages until the server has no more changes', async () => {
    const { rig, session } = await connected();
    rig.socket().serve({ type: 'pong', data: { heads: {}, epoch: 'e1' } }, news(message(5)));
    const first = await rig.command('room:changes');
    rig.socket().serve(changes(first.id, 0, [message(1), message(2)], { more: true }));
    const second = await rig.command('room:changes', 2);
    expect(second.data.since).toBe(2);
    rig.socket().serve(changes(second.id, 2, [message(3), message(4)]));
    await until(session.timeline, (t) => t.messages.length === 5);
  });

  test('reconnects after three failures to read missing changes', async () => {
    const { rig } = await connected();
    rig.socket().serve(news(message(2)));
    for (const n of [1, 2, 3]) {
      const asked = await rig.command('room:changes', n);
      rig.socket().serve({ id: asked.id, type: 'error', data: { code: 'UNAVAILABLE', message: 'Not now.' } });
    }
    await until(rig.sockets, (all) => all.length === 2);
  });

  test('waits after a rate limit and keeps the connection', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(2)));
    for (const n of [1, 2, 3, 4]) {
      const asked = await rig.command('room:changes', n);
      rig.socket().serve({ id: asked.id, type: 'error', data: { code: 'RATE_LIMITED', message: 'Please wait.', retryAfterMs: 5 } });
    }
    const asked = await rig.command('room:changes', 5);
    rig.socket().serve(changes(asked.id, 0, [message(1)]));
    await until(session.timeline, (t) => t.messages.length === 2);
    expect(rig.sockets.getSnapshot()).toHaveLength(1);
  });

  test('requests changes if a pong contains a head above the cursor', async () => {
    const { rig } = await connected();
    rig.chat.rooms.session(7)?.onHead(4);
    expect((await rig.command('room:changes')).data.since).toBe(0);
  });

  test('removes its messages and joins again after a reset', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(1)), news(message(3)));
    const asked = await rig.command('room:changes');
    rig.socket().serve({ id: asked.id, type: 'room:changes', data: { reset: true, epoch: 'e2', head: 1 } });
    const join = await rig.command('room:join', 2);
    expect(join.data.since).toBeUndefined();
    rig.socket().serve(joined(join.id, { messages: [message(1, { text: 'restored' })], to: 1, head: 1, epoch: 'e2' }));
    await until(session.loadState, (opening) => opening.kind === 'ready');
    expect(texts(session)).toEqual(['restored']);
  });

  test('joins again from its cursor after a reconnect', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(1)), news(message(2)));
    rig.socket().end(1006);
    await until(rig.sockets, (all) => all.length === 2);
    rig.socket().serve(helloWithRoom(3));
    const join = await rig.command('room:join');
    expect(join.data).toMatchObject({ since: 2, epoch: 'e1' });
    rig.socket().serve(joined(join.id, { from: 2, to: 3, head: 3, messages: [message(3)] }));
    await until(session.timeline, (t) => t.messages.length === 3);
    expect(texts(session)).toEqual(['m1', 'm2', 'm3']);
  });

  test('shows the newest page after a reset on joining', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(1)));
    rig.socket().end(1006);
    await until(rig.sockets, (all) => all.length === 2);
    rig.socket().serve(helloWithRoom(1));
    const join = await rig.command('room:join');
    rig.socket().serve(joined(join.id, { messages: [message(1, { text: 'restored' })], to: 1, head: 1, epoch: 'e2', reset: true }));
    await until(session.timeline, (t) => t.cursor.kind === 'at' && t.cursor.epoch === 'e2');
    expect(texts(session)).toEqual(['restored']);
  });

  test('loads the newest page if the client is far behind', async () => {
    const { rig } = await connected();
    rig.socket().end(1006);
    await until(rig.sockets, (all) => all.length === 2);
    rig.socket().serve(helloWithRoom(9_000));
    expect((await rig.command('room:join')).data.since).toBeUndefined();
  });

  test('is removed when the user was removed from it', async () => {
    const { rig } = await connected();
    rig.socket().serve({ type: 'room:removed', data: { roomId: 7, reason: 'kicked' } });
    expect(rig.chat.rooms.session(7)).toBeUndefined();
    expect(rig.chat.notices.visible.getSnapshot()[0]?.text).toBe('You were removed from general.');
  });
});

describe('sending', () => {
  test('shows one message while it is pending, confirmed and received', async () => {
    const { rig, session } = await connected();
    await rig.chat.outbox.add(7, { text: 'hello' });
    const sent = await rig.command('message:send');
    expect(session.timeline.getSnapshot().outgoing).toMatchObject([{ kind: 'pending', text: 'hello' }]);
    const cid = String(sent.data.cid);
    rig.socket().serve({
      id: sent.id,
      type: 'message:confirmed',
      data: { cid, roomId: 7, id: 1001, seq: 1, createdAt: '2026-11-23T10:00:00.000Z' },
    });
    await until(rig.chat.outbox.entries, (entries) => entries.length === 0);
    expect(session.timeline.getSnapshot().outgoing).toMatchObject([{ kind: 'confirmed', text: 'hello' }]);
    const author = { id: 1, username: 'alice', displayName: 'Alice', avatarUrl: '' };
    rig.socket().serve(news(message(1, { cid, author, text: 'hello' })));
    expect(session.timeline.getSnapshot()).toMatchObject({ outgoing: [], messages: [{ text: 'hello' }] });
  });

  test('sends a lost message again on the next connection, with the same cid', async () => {
    const { rig } = await connected();
    await rig.chat.outbox.add(7, { text: 'hello' });
    const first = await rig.command('message:send');
    rig.socket().end(1006);
    await until(rig.sockets, (all) => all.length === 2);
    rig.socket().serve(helloWithRoom());
    const second = await rig.command('message:send');
    expect(second.data).toEqual(first.data);
  });
});

describe('unread', () => {
  test('counts messages of others until they are read', async () => {
    const { rig, session } = await connected();
    rig.socket().serve(news(message(1)), news(message(2, { mentions: [alice.id] })));
    expect(rig.chat.rooms.unread.getSnapshot().get(7)).toEqual({ unread: 2, mentions: 1 });
    rig.chat.rooms.reading.markAllRead(session);
    expect(rig.chat.rooms.unread.getSnapshot().get(7)).toEqual({ unread: 0, mentions: 0 });
    expect((await rig.command('read:mark')).data).toEqual({ roomId: 7, seq: 2 });
  });
});

test('rooms are ordered by title, and numbers by their value', async () => {
  const { rig } = await connected();
  ['Room 10', 'room 2', 'Èze', 'Room 1'].forEach((name, i) =>
    rig.socket().serve({ type: 'room:added', data: { room: room(20 + i, { name }), membership: { roomId: 20 + i, userId: 1, role: 'member', joinedAt: '', lastRead: 0 } } }),
  );
  const rooms = rig.chat.rooms.state.getSnapshot();
  expect(rooms.kind === 'ready' && rooms.value.map((mine) => mine.room.name)).toEqual(['Èze', 'general', 'Room 1', 'room 2', 'Room 10']);
});

test('a reload shows the cached rooms before the server responds', async () => {
  const { rig: before } = await connected();
  before.socket().serve(news(message(1)));
  window.dispatchEvent(new Event('pagehide'));
  before.chat.stop();
  const after = await createTestChat(undefined, before.db);
  await after.chat.start();
  expect(texts(sessionOf(after))).toEqual(['m1']);
  expect(after.chat.rooms.state.getSnapshot()).toMatchObject({ kind: 'ready', value: [{ room: { name: 'general' } }] });
  after.chat.stop();
});
