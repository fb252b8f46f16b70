import { describe, expect, test } from 'vitest';
import { alice, bob, message, room, user } from '../../test/fixtures';
import { openLocalDatabase, databaseName } from './database';

const entry = { cid: 'a', roomId: 7, text: 'one', createdAt: '2026-11-23T10:00:00.000Z', state: { kind: 'pending', notBefore: 0 } } as const;
const cached = {
  roomId: 7,
  own: { room: room(7), role: 'member', lastRead: 0, unread: 0, mentions: 0 },
  epoch: 'e1',
  seq: 1,
  messages: [message(1)],
  hasOlder: false,
} as const;

describe('vault', () => {
  test('keeps entries for the next page', async () => {
    const before = await openLocalDatabase('vault-reload');
    await before.addEntry(entry);
    await before.putRoom({ ...cached, messages: [...cached.messages] });
    before.close();
    const after = await openLocalDatabase('vault-reload');
    expect(await after.listEntries()).toMatchObject([entry]);
    expect(await after.listRooms()).toMatchObject([{ roomId: 7, seq: 1 }]);
  });

  test('separates users', async () => {
    const hers = await openLocalDatabase(databaseName(alice));
    const his = await openLocalDatabase(databaseName(bob));
    await hers.addEntry(entry);
    expect(await his.listEntries()).toEqual([]);
  });

  test('a user with the same ID on a new server database is another user', () => {
    expect(databaseName(user(1, 'alice'))).not.toBe(databaseName({ ...user(1, 'alice'), createdAt: '2026-12-01T00:00:00.000Z' }));
  });

  test('clearRooms keeps unsent messages', async () => {
    const vault = await openLocalDatabase('vault-forget');
    await vault.addEntry(entry);
    await vault.putRoom({ ...cached, messages: [] });
    await vault.clearRooms();
    expect(await vault.listRooms()).toEqual([]);
    expect(await vault.listEntries()).toHaveLength(1);
  });

  test('is empty after destroy', async () => {
    const vault = await openLocalDatabase('vault-destroy');
    await vault.addEntry(entry);
    await vault.destroy();
    const after = await openLocalDatabase('vault-destroy');
    expect(await after.listEntries()).toEqual([]);
  });

  test('does not restore an entry that another tab removed', async () => {
    const vault = await openLocalDatabase('vault-change');
    const kept = await vault.addEntry(entry);
    await vault.removeEntry(kept.order);
    await vault.updateEntry(kept.order, { state: { kind: 'failed', reason: 'late' } });
    expect(await vault.listEntries()).toEqual([]);
  });
});
