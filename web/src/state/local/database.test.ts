import { describe, expect, test } from 'vitest';
import { alice, bob, message, room, user } from '../../test/fixtures';
import { openVault, vaultName } from './database';

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
  test('is on disk: what one page keeps, the next one finds', async () => {
    const before = await openVault('vault-reload');
    await before.add(entry);
    await before.putRoom({ ...cached, messages: [...cached.messages] });
    before.close();
    const after = await openVault('vault-reload');
    expect(await after.entries()).toMatchObject([entry]);
    expect(await after.rooms()).toMatchObject([{ roomId: 7, seq: 1 }]);
  });

  test('users never see each other’s', async () => {
    const hers = await openVault(vaultName(alice));
    const his = await openVault(vaultName(bob));
    await hers.add(entry);
    expect(await his.entries()).toEqual([]);
  });

  test('a user with the same id on a server that began anew is another user', () => {
    expect(vaultName(user(1, 'alice'))).not.toBe(vaultName({ ...user(1, 'alice'), createdAt: '2026-12-01T00:00:00.000Z' }));
  });

  test('forgetting the rooms keeps what is unsent', async () => {
    const vault = await openVault('vault-forget');
    await vault.add(entry);
    await vault.putRoom({ ...cached, messages: [] });
    await vault.forgetRooms();
    expect(await vault.rooms()).toEqual([]);
    expect(await vault.entries()).toHaveLength(1);
  });

  test('destroyed, it is empty', async () => {
    const vault = await openVault('vault-destroy');
    await vault.add(entry);
    await vault.destroy();
    const after = await openVault('vault-destroy');
    expect(await after.entries()).toEqual([]);
  });

  test('does not bring back what another tab removed', async () => {
    const vault = await openVault('vault-change');
    const kept = await vault.add(entry);
    await vault.remove(kept.order);
    await vault.change(kept.order, { state: { kind: 'failed', reason: 'late' } });
    expect(await vault.entries()).toEqual([]);
  });
});
