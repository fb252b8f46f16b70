import { number, object, optional } from '../protocol/guards';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';

/**
 * The first visit of an admin who registered in this browser. 'pending': the first room is to be created or
 * found. 'shown': the hint is displayed; roomId is the first room, if there is one.
 */
export type FirstRunState = { kind: 'none' } | { kind: 'pending' } | { kind: 'shown'; roomId?: number };

const KEY = 'first-run';
const decodeShown = object<{ roomId?: number }>({ roomId: optional(number) });

/** FirstRun stores how far the first visit is, so that a reload continues it. */
export class FirstRun {
  readonly state: Store<FirstRunState>;
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.state = new Store(decodeState(storage.get(KEY)));
  }

  begin(): void {
    this.#set({ kind: 'pending' }, 'pending');
  }

  show(roomId: number | undefined): void {
    const shown = roomId === undefined ? {} : { roomId };
    this.#set({ kind: 'shown', ...shown }, shown);
  }

  dismiss(): void {
    this.#set({ kind: 'none' }, undefined);
  }

  /** Applies a change of another tab. */
  onStorageChange(name: string, value: unknown): void {
    if (name === KEY) this.state.set(decodeState(value));
  }

  #set(state: FirstRunState, stored: unknown): void {
    this.#storage.set(KEY, stored);
    this.state.set(state);
  }
}

function decodeState(value: unknown): FirstRunState {
  if (value === undefined) return { kind: 'none' };
  if (value === 'pending') return { kind: 'pending' };
  try {
    return { kind: 'shown', ...decodeShown(value, KEY) };
  } catch {
    return { kind: 'none' };
  }
}
