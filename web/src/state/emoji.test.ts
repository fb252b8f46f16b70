import { beforeAll, describe, expect, test } from 'vitest';
import { allEmoji, emojiAt, emojiCandidates, isEmojiOnly, isInFence, loadEmoji, replaceCode } from './emoji';

beforeAll(loadEmoji);

const codesOf = () => allEmoji.getSnapshot().flatMap(({ codes }) => codes);

test('every emoji has a name and codes of its own', () => {
  expect(allEmoji.getSnapshot().length).toBeGreaterThan(1_800);
  expect(allEmoji.getSnapshot().filter(({ char, label }) => char === '' || /[\sa-z]/i.test(char) || label === '')).toEqual([]);
  expect(codesOf().filter((code) => !/^[a-z0-9_+-]{1,40}$/.test(code))).toEqual([]);
  expect(new Set(codesOf()).size).toBe(codesOf().length);
});

test.each([
  ['+1', '👍'],
  ['heart', '❤️'],
  ['sparkles', '✨'],
  ['rainbow_flag', '🏳️‍🌈'],
  ['frowning', '☹️'],
  ['medal', '🏅'],
  ['moon', '🌙'],
])('the code %s of earlier versions still stands for %s', (code, char) => {
  expect(replaceCode(allEmoji.getSnapshot(), `:${code}:`, code.length + 2)?.text).toBe(char);
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
])('finds in "%s" the unfinished code %j', (text, begun) => expect(emojiAt(text, text.length)).toEqual(begun));

describe('emojiCandidates', () => {
  test.each([
    ['smile', ['smile', 'smiley']],
    ['thumbsup', ['+1']],
    ['rocke', ['rocket', 'astronaut']],
    ['nothing_like_it', []],
  ])('returns for "%s" first %j', (query, codes) => expect(emojiCandidates(allEmoji.getSnapshot(), query).map(({ codes: [code] }) => code).slice(0, 2)).toEqual(codes));
});

test.each([
  ['hi :wave:', 9, { text: 'hi 👋', caret: 5 }],
  [':+1: and on', 4, { text: '👍 and on', caret: 2 }],
  [':no_such:', 9, undefined],
  ['a:wave:', 7, undefined],
  ['`:wave:', 7, undefined],
])('replaces in "%s" the code before %i: %j', (text, caret, result) => expect(replaceCode(allEmoji.getSnapshot(), text, caret)).toEqual(result));

test.each([
  ['```\nlet x', true],
  ['```ts\nx\n```\nafter', false],
  ['say ``` here', false],
  ['```SELECT 1;\nSELECT 2;', true],
  ['```SELECT 1;\nSELECT 2;```', false],
  ['```SELECT 1;```', false],
])('"%s" ends in a code block: %s', (text, inside) => expect(isInFence(text, text.length)).toBe(inside));

test.each([
  ['🎉', true],
  ['❤️ 👍🏽', true],
  ['🏳️‍🌈👩‍🚀🇫🇷', true],
  ['🎉🎉🎉🎉', false],
  ['🎉!', false],
  ['12', false],
  ['', false],
])('"%s" consists of emoji: %s', (text, alone) => expect(isEmojiOnly(text)).toBe(alone));
