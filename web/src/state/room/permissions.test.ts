import { describe, expect, test } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { message, mine } from '../../test/fixtures';
import { may, mayDelete, mayEdit, mayRemove, rolesToGive } from './permissions';

describe('roles', () => {
  test.each<[RoomRole, RoomRole, RoomRole[]]>([
    ['owner', 'admin', ['member', 'moderator']],
    ['owner', 'member', ['moderator', 'admin']],
    ['admin', 'member', ['moderator']],
    ['admin', 'moderator', ['member']],
    ['admin', 'admin', []],
    ['admin', 'owner', []],
    ['moderator', 'member', []],
  ])('%s may make of a %s: %j', (by, target, want) => {
    expect(rolesToGive(by, target)).toEqual(want);
  });

  test.each<[RoomRole, RoomRole, boolean]>([
    ['moderator', 'member', true],
    ['moderator', 'moderator', false],
    ['member', 'member', false],
    ['admin', 'owner', false],
    ['owner', 'admin', true],
  ])('%s may remove a %s: %s', (by, target, want) => {
    expect(mayRemove(by, target)).toBe(want);
  });

  test('a room is changed by admins and deleted by its owner', () => {
    expect([may('moderator', 'change room'), may('admin', 'change room')]).toEqual([false, true]);
    expect([may('admin', 'delete room'), may('owner', 'delete room')]).toEqual([false, true]);
  });

  test('one edits only what is one\'s own, and deletes that or, as moderator, any', () => {
    const gone = { deletedAt: '2026-11-23T10:00:00.000Z' };
    expect([mayEdit(1, mine(1, 'a')), mayEdit(1, message(1)), mayEdit(1, { ...mine(1, 'a'), ...gone })]).toEqual([true, false, false]);
    expect([mayDelete(1, 'member', mine(1, 'a')), mayDelete(1, 'member', message(1)), mayDelete(1, 'moderator', message(1))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(mayDelete(1, 'owner', message(1, gone))).toBe(false);
    expect(mayDelete(1, 'owner', message(1, { kind: 'system' }))).toBe(false);
  });
});
