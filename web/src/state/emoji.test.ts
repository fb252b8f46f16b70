import { describe, expect, test } from 'vitest';
import { drawn, emojiAt, emojis, emojisFor, isEmojiOnly, isInFence } from './emoji';

test('every emoji has a code of its own that can be written', () => {
  expect(emojis.filter(({ code, char }) => !/^[a-z0-9_+-]{1,30}$/.test(code) || /[\s\w]/.test(char) || char === '')).toEqual([]);
  expect(new Set(emojis.map(({ code }) => code)).size).toBe(emojis.length);
});

test.each([
  [':sm', { start: 0, query: 'sm' }],
  ['well (:roc', { start: 6, query: 'roc' }],
  [':s', undefined],
  ['at 10:30', undefined],
  ['std::vec', undefined],
  [':Smile', undefined],
  ['`:smi', undefined],
  ['```\n:smi', undefined],
  ['`x` :smi', { start: 4, query: 'smi' }],
])('in "%s" the code is %j', (text, begun) => expect(emojiAt(text, text.length)).toEqual(begun));

describe('which may be meant', () => {
  test.each([
    ['smile', ['smile', 'blush', 'sweat_smile']],
    ['thumbsup', ['+1']],
    ['rocke', ['rocket']],
    ['nothing_like_it', []],
  ])('"%s" is %j first', (query, codes) => expect(emojisFor(query).map(({ code }) => code).slice(0, 3)).toEqual(codes));
});

test.each([
  ['hi :wave:', 9, { text: 'hi 👋', caret: 5 }],
  [':+1: and on', 4, { text: '👍 and on', caret: 2 }],
  [':no_such:', 9, undefined],
  ['a:wave:', 7, undefined],
  ['`:wave:', 7, undefined],
])('"%s" closed at %i is %j', (text, caret, result) => expect(drawn(text, caret)).toEqual(result));

test.each([
  ['```\nlet x', true],
  ['```ts\nx\n```\nafter', false],
  ['say ``` here', false],
])('"%s" stands in a block of code: %s', (text, inside) => expect(isInFence(text, text.length)).toBe(inside));

test.each([
  ['🎉', true],
  ['❤️ 👍🏽', true],
  ['🏳️‍🌈👩‍🚀🇫🇷', true],
  ['🎉🎉🎉🎉', false],
  ['🎉!', false],
  ['12', false],
  ['', false],
])('"%s" is emoji alone: %s', (text, alone) => expect(isEmojiOnly(text)).toBe(alone));
