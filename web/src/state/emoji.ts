import { Store } from './store';
import type { PartialToken } from './room/mentions';

export interface Emoji {
  char: string;
  /** The codes that are written between colons; the first one is displayed. */
  codes: readonly string[];
  /** The name for screen readers and tooltips. */
  label: string;
  /** More words to find it by. */
  words: readonly string[];
  /** An index of emojiGroups. */
  group: number;
  hasTones: boolean;
}

/** The names of the groups, by the numbers of emojibase. Group 2 contains parts of other emoji. */
export const emojiGroups: Readonly<Record<number, string>> = {
  0: 'Smileys',
  1: 'People',
  3: 'Animals and nature',
  4: 'Food and drink',
  5: 'Travel and places',
  6: 'Activities',
  7: 'Objects',
  8: 'Symbols',
  9: 'Flags',
};

/** The modifiers of the skin tones, from light to dark; the first one is none. */
export const skinTones = ['', '🏻', '🏼', '🏽', '🏾', '🏿'] as const;

/** Returns the character with a skin tone, an index of skinTones. */
export function tonedChar({ char, hasTones }: Pick<Emoji, 'char' | 'hasTones'>, tone: number): string {
  const modifier = skinTones[tone] ?? '';
  return hasTones && modifier !== '' ? char.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/gu, `$1${modifier}`) : char;
}

/** All emoji, or an empty list until loadEmoji has finished. */
export const allEmoji = new Store<readonly Emoji[]>([]);

let loading: Promise<void> | undefined;

/** Loads the names of all emoji once. A failed attempt is repeated by the next call. */
export function loadEmoji(): Promise<void> {
  loading ??= import('virtual:emoji-data').then(
    (data) => allEmoji.set(parseEmoji(data.default)),
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

/** One emoji per line: character, codes, label and words, separated by tabs (see vite.config.ts). */
function parseEmoji(data: string): Emoji[] {
  return data.split('\n').map((line) => {
    const [char = '', codes = '', label = '', words = '', group = '', tones = ''] = line.split('\t');
    return { char, codes: codes.split(' '), label, words: words.split(' '), group: Number(group), hasTones: tones === '1' };
  });
}

const PARTIAL_CODE = /(?:^|[\s(])(:([a-z0-9_+-]{2,40}))$/;
const COMPLETE_CODE = /(?:^|[\s(]):([a-z0-9_+-]{1,40}):$/;
const MAX_OPTIONS = 6;

/** Returns the unfinished :code before the caret. */
export function emojiAt(text: string, caret: number): PartialToken | undefined {
  const query = PARTIAL_CODE.exec(text.slice(0, caret))?.[2];
  return query === undefined || isCode(text, caret) ? undefined : { start: caret - query.length - 1, query };
}

/** Returns the emoji that match a query: first by a whole code, then by the start of a code, then by the start of a word, then by any part of a code. */
export function emojiCandidates(emoji: readonly Emoji[], query: string): Emoji[] {
  const matches = [
    emoji.filter(({ codes }) => codes.includes(query)),
    emoji.filter(({ codes }) => codes.some((code) => code.startsWith(query))),
    emoji.filter(({ codes, words }) => [...codes.flatMap((code) => code.split('_')), ...words].some((word) => word.startsWith(query))),
    emoji.filter(({ codes }) => codes.some((code) => code.includes(query))),
  ];
  return [...new Set(matches.flat())].slice(0, MAX_OPTIONS);
}

const MAX_FOUND = 100;

/** Returns the emoji of which every word of a query starts a word or a part of a code. A whole code or label comes first. */
export function searchEmoji(emoji: readonly Emoji[], query: string): Emoji[] {
  const wanted = query.toLowerCase().split(/[\s:_]+/).filter(Boolean);
  const whole = wanted.join(' ');
  const matches = emoji.filter(({ codes, words }) => {
    const all = [...codes.flatMap((code) => code.split('_')), ...words];
    return wanted.every((word) => all.some((one) => one.startsWith(word)));
  });
  const isWhole = ({ codes, label }: Emoji) => label.toLowerCase() === whole || codes.includes(wanted.join('_'));
  return [...matches.filter(isWhole), ...matches.filter((one) => !isWhole(one))].slice(0, MAX_FOUND);
}

/** Reports whether a complete :code: ends at the caret. */
export function endsWithCode(text: string, caret: number): boolean {
  return COMPLETE_CODE.test(text.slice(0, caret)) && !isCode(text, caret);
}

/** Replaces the complete :code: before the caret by its emoji. It returns undefined if there is none. */
export function replaceCode(emoji: readonly Emoji[], text: string, caret: number): { text: string; caret: number } | undefined {
  const code = COMPLETE_CODE.exec(text.slice(0, caret))?.[1];
  const found = code === undefined ? undefined : emoji.find(({ codes }) => codes.includes(code));
  if (found === undefined || code === undefined || isCode(text, caret)) return undefined;
  const start = caret - code.length - 2;
  return { text: text.slice(0, start) + found.char + text.slice(caret), caret: start + found.char.length };
}

const ONE_TO_THREE_EMOJI = /^(?:(?:\p{RI}{2}|\p{Emoji_Presentation}|\p{Emoji}\uFE0F)(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u;

/** Reports whether a text consists of one to three emoji. Such a message is displayed large. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 40 && ONE_TO_THREE_EMOJI.test(text.trim());
}

/** Reports whether the caret is in an open code block. The fence that closes it may be at the end of a line. */
export function isInFence(text: string, caret: number): boolean {
  let open = false;
  for (const line of text.slice(0, caret).split('\n')) {
    const fences = line.split('```').length - 1;
    if (line.trimStart().startsWith('```')) open = fences > 1 ? open : !open;
    else if (open && fences === 1 && line.trimEnd().endsWith('```')) open = false;
  }
  return open;
}

/** Reports whether the caret is in code, where codes are not replaced. */
function isCode(text: string, caret: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', caret - 1) + 1, caret);
  return isInFence(text, caret) || (line.split('`').length - 1) % 2 === 1;
}
