import { describe, expect, test } from 'vitest';
import type { Member } from '../../protocol/types';
import { user } from '../../test/fixtures';
import { mentionCandidates, mentionAt, replaceToken } from './mentions';

test.each([
  ['@', { start: 0, query: '' }],
  ['hello @bo', { start: 6, query: 'bo' }],
  ['(@bob', { start: 1, query: 'bob' }],
  ['@bob.b-1_x', { start: 0, query: 'bob.b-1_x' }],
  ['mail@bo', undefined],
  ['@bob ', undefined],
  ['a/@bo', undefined],
  ['@@bo', undefined],
  [`@${'b'.repeat(21)}`, undefined],
])('finds in "%s" the unfinished name %j', (text, naming) => expect(mentionAt(text, text.length)).toEqual(naming));

test('ignores text after the caret', () => {
  expect(mentionAt('@bob and more', 3)).toEqual({ start: 0, query: 'bo' });
});

describe('mentionCandidates', () => {
  const member = (id: number, username: string, displayName: string): Member => ({ user: user(id, username, displayName), role: 'member', status: 'online', joinedAt: '' });
  const members = [member(1, 'bo', 'Me'), member(2, 'bobby', 'Zed'), member(3, 'bob', 'Bob'), member(4, 'carla', 'Élodie Bosch'), member(5, 'dan', 'Dan')];

  test.each([
    ['bo', ['bob', 'bobby', 'carla']],
    ['BOB', ['bob', 'bobby']],
    ['elo', ['carla']],
    ['x', []],
    ['lodi', ['carla']],
    ['obb', ['bobby']],
  ])('returns for "%s" %j', (query, names) => expect(mentionCandidates(members, query, new Set([1])).map(({ username }) => username)).toEqual(names));
});

test.each([
  ['hi @bo', 6, 'hi @bob ', 8],
  ['@bo, hello', 3, '@bob , hello', 5],
  ['@bo and', 3, '@bob and', 5],
])('"%s" becomes "%s"', (text, caret, result, after) => {
  const naming = mentionAt(text, caret);
  expect(naming && replaceToken(text, naming, '@bob')).toEqual({ text: result, caret: after });
});
