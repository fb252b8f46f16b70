import { expect, test } from 'vitest';
import type { AuditEntry } from '../../protocol/types';
import { sentenceOf } from './audit';

const author = (id: number, displayName: string) => ({ id, username: displayName.toLowerCase(), displayName, avatarUrl: '' });
const entry: AuditEntry = { id: 1, at: '2026-11-23T10:00:00.000Z', action: 'member.ban', detail: '', actor: author(1, 'Alice'), user: author(2, 'Bob'), room: { id: 7, name: 'general' } };

test.each([
  ['with names', entry, 'Alice banned Bob from general'],
  ['of the operator', { ...entry, actor: undefined, action: 'user.disable', room: undefined }, 'The operator disabled the account of Bob'],
  ['about what is gone', { ...entry, user: { ...author(2, ''), username: '' }, room: { id: 7, name: '' } }, 'Alice banned deleted user (2) from a deleted room (7)'],
  ['of who is gone', { ...entry, actor: { ...author(3, ''), username: '' } }, 'Deleted user (3) banned Bob from general'],
  ['about nobody', { ...entry, action: 'limits.change', user: undefined, room: undefined }, 'Alice changed the limits'],
  ['that is new to this client', { ...entry, action: 'moon.rise' }, 'Alice moon.rise Bob general'],
])('describes an entry %s', (_, record, want) => {
  expect(sentenceOf(record as AuditEntry).map(({ text }) => text).join('')).toBe(want);
});

test('separates names from other text', () => {
  expect(sentenceOf(entry).filter(({ isName }) => isName).map(({ text }) => text)).toEqual(['Alice', 'Bob', 'general']);
});
