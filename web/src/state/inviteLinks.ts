import { list, number, object, string } from '../protocol/guards';
import type { CreatedInvite, Invite } from '../protocol/types';
import { INVITES_KEY, type UserStorage } from './local/userStorage';
import { Store } from './store';

interface InviteLink {
  id: number;
  roomId: number;
  url: string;
  expiresAt: string;
}

const MAX_LINKS = 200;
const decodeLinks = list(object<InviteLink>({ id: number, roomId: number, url: string, expiresAt: string }));

/** InviteLinks are the links that this browser created. The server has only a hash of their tokens. They are deleted when the user signs out. */
export class InviteLinks {
  readonly links: Store<readonly InviteLink[]>;
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.links = new Store(this.#load());
  }

  add(roomId: number, { id, url, expiresAt }: CreatedInvite): void {
    this.#save([{ id, roomId, url, expiresAt }, ...this.#load()].slice(0, MAX_LINKS));
  }

  /** Removes the links of a room that no longer work, by the list of the server. */
  retain(roomId: number, invites: readonly Invite[]): void {
    const valid = new Set(invites.map(({ id }) => id));
    const kept = this.#load().filter((link) => link.roomId !== roomId || valid.has(link.id));
    if (kept.length !== this.links.getSnapshot().length) this.#save(kept);
  }

  /** Reads the links again, which other tabs may have changed, without expired ones. */
  #load(): readonly InviteLink[] {
    try {
      const stored = this.#storage.get(INVITES_KEY);
      return stored === undefined ? [] : decodeLinks(stored, INVITES_KEY).filter(({ expiresAt }) => Date.parse(expiresAt) > Date.now());
    } catch {
      return [];
    }
  }

  #save(links: readonly InviteLink[]): void {
    this.#storage.set(INVITES_KEY, links.length > 0 ? links : undefined);
    this.links.set(links);
  }
}
