import { afterEach, describe, expect, test } from 'vitest';
import { connectTestChat, type TestChat } from '../../test/testChat';
import { alice, bob, message } from '../../test/fixtures';
import { until } from '../../test/until';
import { RestClient } from '../../transport/rest';
import { Account } from '../account';
import { UserStorage } from './userStorage';
import type { RoomSession } from '../room/session';
import { databaseName } from './database';

const rigs: TestChat[] = [];

afterEach(() => {
  for (const { chat } of rigs.splice(0)) chat.stop();
});

/** Opens a page of alice that shows room 7. */
async function page(): Promise<{ rig: TestChat; session: RoomSession }> {
  const rig = await connectTestChat();
  rigs.push(rig);
  const session = rig.chat.rooms.session(7);
  if (session === undefined) throw new Error('room 7 is not there');
  await until(session.loadState, (opening) => opening.kind === 'ready');
  return { rig, session };
}

const kept = () => Object.keys(localStorage).filter((key) => key.startsWith(`${databaseName(alice)}.`));

/** Sends the storage event for a value that another tab stored. */
function otherTabKeeps(name: string, value: unknown): void {
  new UserStorage(databaseName(alice)).set(name, value);
  const newValue = value === undefined ? null : JSON.stringify(value);
  window.dispatchEvent(new StorageEvent('storage', { key: `${databaseName(alice)}.${name}`, newValue }));
}

describe('a draft', () => {
  test('is restored after a reload, with its reply and edit', async () => {
    const before = await page();
    before.session.draft.text.set('half a thought');
    before.session.draft.startReply(message(3));
    before.session.draft.startEditing(message(4, { author: { ...alice } }));
    before.session.draft.editing.set({ messageId: 1004, text: 'better words' });
    before.rig.chat.stop();
    const { session } = await page();
    expect(session.draft.text.getSnapshot()).toBe('half a thought');
    expect(session.draft.replyTarget.getSnapshot()).toMatchObject({ id: 1003, excerpt: 'm3', author: { id: bob.id } });
    expect(session.draft.editing.getSnapshot()).toEqual({ messageId: 1004, text: 'better words' });
  });

  test('is removed when it is sent', async () => {
    const { rig, session } = await page();
    session.draft.text.set('a whole thought');
    session.draft.startReply(message(3));
    await rig.chat.send(session);
    expect(kept()).toEqual([]);
  });

  test('of another tab is shown, and a partial state is not stored', async () => {
    const { session } = await page();
    session.draft.text.set('mine');
    const written = { text: 'from the other tab', replyTo: { id: 1003, seq: 3, author: { id: 2, username: 'bob', displayName: 'Bob', avatarUrl: '' }, excerpt: 'm3' } };
    const seen: string[] = [];
    session.draft.text.subscribe(() => seen.push(String(localStorage.getItem(`${databaseName(alice)}.draft.7`))));
    otherTabKeeps('draft.7', written);
    expect(session.draft.text.getSnapshot()).toBe('from the other tab');
    expect(session.draft.replyTarget.getSnapshot()?.id).toBe(1003);
    expect(seen.map((one) => JSON.parse(one) as unknown)).toEqual([written]);
    otherTabKeeps('draft.7', undefined);
    expect([session.draft.text.getSnapshot(), session.draft.replyTarget.getSnapshot()]).toEqual(['', undefined]);
  });

  test('that cannot be decoded is ignored', async () => {
    localStorage.setItem(`${databaseName(alice)}.draft.7`, '{"text": 5');
    localStorage.setItem(`${databaseName(alice)}.edit.7`, '{"text": 5}');
    const { session } = await page();
    expect([session.draft.text.getSnapshot(), session.draft.editing.getSnapshot()]).toEqual(['', undefined]);
  });

  test('is removed with the room', async () => {
    const { rig, session } = await page();
    session.draft.text.set('too late');
    rig.socket().serve({ type: 'room:removed', data: { roomId: 7, reason: 'kicked' } });
    expect(kept()).toEqual([]);
  });

  test('that edits a message is removed when the message is deleted', async () => {
    const { rig, session } = await page();
    session.draft.startEditing(message(1));
    rig.socket().serve({ type: 'message:deleted', data: { roomId: 7, seq: 1, message: message(1, { text: '', deletedAt: '2026-11-23T10:05:00.000Z' }) } });
    expect(session.draft.editing.getSnapshot()).toBeUndefined();
    expect(kept()).toEqual([]);
  });

  test('is removed when its user signs out; those of other users stay', async () => {
    const account = new Account(new RestClient(async (input) => (String(input).endsWith('/login') ? new Response(JSON.stringify({ user: alice })) : new Response(null, { status: 204 }))), 'ws://test/ws');
    await account.login('alice', 'correct horse');
    new UserStorage(databaseName(alice)).set('draft.7', { text: 'hers' });
    new UserStorage(databaseName(bob)).set('draft.7', { text: 'his' });
    await account.logout();
    expect(kept()).toEqual([]);
    expect(new UserStorage(databaseName(bob)).get('draft.7')).toEqual({ text: 'his' });
  });
});
