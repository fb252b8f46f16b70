import { describe, expect, test } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { message, mine } from '../../test/fixtures';
import { can, canDelete, canEdit, canRemove, assignableRoles } from './permissions';

describe('roles', () => {
  test.each<[RoomRole, RoomRole, RoomRole[]]>([
    ['owner', 'admin', ['member', 'moderator']],
    ['owner', 'member', ['moderator', 'admin']],
    ['admin', 'member', ['moderator']],
    ['admin', 'moderator', ['member']],
    ['admin', 'admin', []],
    ['admin', 'owner', []],
    ['moderator', 'member', []],
  ])('%s can give a %s the roles %j', (by, target, want) => {
    expect(assignableRoles(by, target)).toEqual(want);
  });

  test.each<[RoomRole, RoomRole, boolean]>([
    ['moderator', 'member', true],
    ['moderator', 'moderator', false],
    ['member', 'member', false],
    ['admin', 'owner', false],
    ['owner', 'admin', true],
  ])('%s can remove a %s: %s', (by, target, want) => {
    expect(canRemove(by, target)).toBe(want);
  });

  test('admins change a room and owners delete it', () => {
    expect([can('moderator', 'changeRoom'), can('admin', 'changeRoom')]).toEqual([false, true]);
    expect([can('admin', 'deleteRoom'), can('owner', 'deleteRoom')]).toEqual([false, true]);
  });

  test('users edit their own messages; moderators also delete those of others', () => {
    const gone = { deletedAt: '2026-11-23T10:00:00.000Z' };
    expect([canEdit(1, mine(1, 'a')), canEdit(1, message(1)), canEdit(1, { ...mine(1, 'a'), ...gone })]).toEqual([true, false, false]);
    expect([canDelete(1, 'member', mine(1, 'a')), canDelete(1, 'member', message(1)), canDelete(1, 'moderator', message(1))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(canDelete(1, 'owner', message(1, gone))).toBe(false);
    expect(canDelete(1, 'owner', message(1, { kind: 'system' }))).toBe(false);
  });
});
