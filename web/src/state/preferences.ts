import { type Decode, list, oneOf } from '../protocol/guards';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';

/** What the Enter key does in the composer. 'auto': it sends, except on a touch keyboard. */
export type EnterKey = 'auto' | 'send' | 'newline';
/** Where a room with unread messages opens. */
export type OpenAt = 'unread' | 'newest';
/** A section of the sidebar that can be folded. */
export type SidebarSection = 'rooms' | 'people';

const ENTER_KEY = 'enter';
const OPEN_AT_KEY = 'open-at';
const FOLDED_KEY = 'folded';
const decodeEnterKey = oneOf('auto', 'send', 'newline');
const decodeOpenAt = oneOf('unread', 'newest');
const decodeFolded = list(oneOf<SidebarSection>('rooms', 'people'));

/** Preferences are the user's settings in this browser. */
export class Preferences {
  readonly enterKey: Store<EnterKey>;
  readonly openAt: Store<OpenAt>;
  readonly folded: Store<ReadonlySet<SidebarSection>>;
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.enterKey = new Store(decodeOr(decodeEnterKey, storage.get(ENTER_KEY), 'auto'));
    this.openAt = new Store(decodeOr(decodeOpenAt, storage.get(OPEN_AT_KEY), 'unread'));
    this.folded = new Store(foldedOf(storage.get(FOLDED_KEY)));
  }

  setEnterKey(value: EnterKey): void {
    this.enterKey.set(value);
    this.#storage.set(ENTER_KEY, value);
  }

  setOpenAt(value: OpenAt): void {
    this.openAt.set(value);
    this.#storage.set(OPEN_AT_KEY, value);
  }

  setFolded(section: SidebarSection, on: boolean): void {
    const folded = new Set(this.folded.getSnapshot());
    if (on) folded.add(section);
    else folded.delete(section);
    this.folded.set(folded);
    this.#storage.set(FOLDED_KEY, folded.size > 0 ? [...folded] : undefined);
  }

  /** Applies a setting that another tab stored. */
  onStorageChange(name: string, value: unknown): void {
    if (name === ENTER_KEY) this.enterKey.set(decodeOr(decodeEnterKey, value, 'auto'));
    if (name === FOLDED_KEY) this.folded.set(foldedOf(value));
    if (name === OPEN_AT_KEY) this.openAt.set(decodeOr(decodeOpenAt, value, 'unread'));
  }
}

function foldedOf(value: unknown): ReadonlySet<SidebarSection> {
  return new Set(decodeOr(decodeFolded, value, []));
}

/** Returns the default for a missing value, or one of another version of the client. */
function decodeOr<T>(decode: Decode<T>, value: unknown, other: T): T {
  try {
    return value === undefined ? other : decode(value, 'preference');
  } catch {
    return other;
  }
}
