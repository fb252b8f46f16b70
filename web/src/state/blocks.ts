import { list, number } from '../protocol/guards';
import type { User } from '../protocol/types';
import { decodeUserList } from '../protocol/wire.generated';
import { noContent, type RestClient } from '../transport/rest';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';

const KEY = 'blocked';

/**
 * Blocks is the set of users that this user has blocked. The server stores it. A copy in this browser keeps their
 * messages folded until the server has sent it.
 */
export class Blocks {
  readonly ids: Store<ReadonlySet<number>>;
  #rest: RestClient;

  constructor(rest: RestClient, storage: UserStorage) {
    this.#rest = rest;
    this.ids = new Store(decodeIds(storage.get(KEY)));
    this.ids.subscribe(() => {
      const ids = this.ids.getSnapshot();
      storage.set(KEY, ids.size > 0 ? [...ids] : undefined);
    });
  }

  has(userId: number): boolean {
    return this.ids.getSnapshot().has(userId);
  }

  /** Returns the blocked users, by name. */
  async users(): Promise<readonly User[]> {
    return (await this.#rest.call('GET', '/users/me/blocks', decodeUserList)).users;
  }

  /** Blocks or unblocks a user on all devices of this user. */
  async setBlocked(userId: number, blocked: boolean): Promise<void> {
    await this.#rest.call(blocked ? 'PUT' : 'DELETE', `/users/${userId}/block`, noContent);
    this.onUpdated(userId, blocked);
  }

  onConnected(ids: readonly number[]): void {
    const known = this.ids.getSnapshot();
    if (ids.length !== known.size || !ids.every((id) => known.has(id))) this.ids.set(new Set(ids));
  }

  onUpdated(userId: number, blocked: boolean): void {
    if (this.has(userId) === blocked) return;
    const others = [...this.ids.getSnapshot()].filter((id) => id !== userId);
    this.ids.set(new Set(blocked ? [...others, userId] : others));
  }
}

function decodeIds(value: unknown): ReadonlySet<number> {
  try {
    return new Set(list(number)(value, KEY));
  } catch {
    return new Set();
  }
}
