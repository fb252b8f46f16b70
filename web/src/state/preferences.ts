import { type Decode, oneOf } from '../protocol/guards';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';

/** What the Enter key does in the composer. 'auto': it sends, except on a touch keyboard. */
export type EnterKey = 'auto' | 'send' | 'newline';
/** Where a room with unread messages opens. */
export type OpenAt = 'unread' | 'newest';

const ENTER_KEY = 'enter';
const OPEN_AT_KEY = 'open-at';
const decodeEnterKey = oneOf('auto', 'send', 'newline');
const decodeOpenAt = oneOf('unread', 'newest');

/** Preferences are the user's settings in this browser. */
export class Preferences {
  readonly enterKey: Store<EnterKey>;
  readonly openAt: Store<OpenAt>;
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.enterKey = new Store(decodeOr(decodeEnterKey, storage.get(ENTER_KEY), 'auto'));
    this.openAt = new Store(decodeOr(decodeOpenAt, storage.get(OPEN_AT_KEY), 'unread'));
  }

  setEnterKey(value: EnterKey): void {
    this.enterKey.set(value);
    this.#storage.set(ENTER_KEY, value);
  }

  setOpenAt(value: OpenAt): void {
    this.openAt.set(value);
    this.#storage.set(OPEN_AT_KEY, value);
  }

  /** Applies a setting that another tab stored. */
  onStorageChange(name: string, value: unknown): void {
    if (name === ENTER_KEY) this.enterKey.set(decodeOr(decodeEnterKey, value, 'auto'));
    if (name === OPEN_AT_KEY) this.openAt.set(decodeOr(decodeOpenAt, value, 'unread'));
  }
}

/** Returns the default for a missing value, or one of another version of the client. */
function decodeOr<T>(decode: Decode<T>, value: unknown, other: T): T {
  try {
    return value === undefined ? other : decode(value, 'preference');
  } catch {
    return other;
  }
}
