import { type Decode, list, number, object, string, withDefault } from '../protocol/guards';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';

/** An emoji that the user has used in this browser. */
export interface UsedEmoji {
  char: string;
  label: string;
  count: number;
}

export interface EmojiHistory {
  /** The preferred skin tone, an index of skinTones. */
  tone: number;
  /** The newest first. */
  used: readonly UsedEmoji[];
}

const KEY = 'emoji';
const MAX_USED = 40;
/** The emoji of a user that has not used any. */
const usual: readonly UsedEmoji[] = [
  ['👍', 'Thumbs up'],
  ['❤️', 'Heart'],
  ['😂', 'Tears of joy'],
  ['😊', 'Smile'],
  ['🎉', 'Party'],
  ['🙏', 'Thank you'],
  ['👏', 'Applause'],
  ['🔥', 'Fire'],
  ['👀', 'Eyes'],
  ['🤔', 'Thinking'],
  ['😮', 'Surprise'],
  ['😢', 'Sad'],
  ['✅', 'Done'],
  ['👎', 'Thumbs down'],
  ['🚀', 'Rocket'],
].map(([char = '', label = '']) => ({ char, label, count: 0 }));

const decodeUsed = object<UsedEmoji>({ char: string, label: string, count: number });
const decodeHistory: Decode<EmojiHistory> = object<EmojiHistory>({ tone: withDefault(number, 0), used: withDefault(list(decodeUsed), []) });

/** EmojiUse remembers which emoji the user uses, and the skin tone. */
export class EmojiUse {
  readonly history: Store<EmojiHistory>;
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.history = new Store(decodeOrEmpty(storage.get(KEY)));
  }

  record(char: string, label: string): void {
    this.history.update(({ tone, used }) => {
      const count = (used.find((one) => one.char === char)?.count ?? 0) + 1;
      return { tone, used: [{ char, label, count }, ...used.filter((one) => one.char !== char)].slice(0, MAX_USED) };
    });
    this.#storage.set(KEY, this.history.getSnapshot());
  }

  setTone(tone: number): void {
    this.history.update((history) => ({ ...history, tone }));
    this.#storage.set(KEY, this.history.getSnapshot());
  }

  /** Applies what another tab stored. */
  onStorageChange(name: string, value: unknown): void {
    if (name === KEY) this.history.set(decodeOrEmpty(value));
  }
}

/** Returns the emoji that are offered first: the most frequent ones, then the usual ones. */
export function frequentEmoji({ used }: EmojiHistory, max: number): UsedEmoji[] {
  const frequent = used.toSorted((a, b) => b.count - a.count);
  const known = new Set(frequent.map(({ char }) => char));
  return [...frequent, ...usual.filter(({ char }) => !known.has(char))].slice(0, max);
}

function decodeOrEmpty(value: unknown): EmojiHistory {
  try {
    return decodeHistory(value ?? {}, KEY);
  } catch {
    return { tone: 0, used: [] };
  }
}
