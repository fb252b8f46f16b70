import type { Room, User } from '../protocol/types';
import type { RestClient } from '../transport/rest';
import { Store } from './store';

/** The rooms and people that match a search by name. */
export interface Places {
  rooms: readonly Room[];
  people: readonly User[];
}

export const NO_PLACES: Places = { rooms: [], people: [] };

const MAX_PLACES = 5;

/** PlaceSearch finds rooms and people by their names. A part that fails is left out, because the messages are found without it. */
export class PlaceSearch {
  readonly state = new Store<Places>(NO_PLACES);
  #rest: RestClient;
  #latest = 0;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async query(text: string): Promise<void> {
    const request = ++this.#latest;
    const name = text.trim();
    const [rooms, people] = name === '' ? [[], []] : await Promise.all([this.#findRooms(name), this.#findPeople(name)]);
    if (request === this.#latest) this.state.set({ rooms, people });
  }

  async #findRooms(text: string): Promise<readonly Room[]> {
    const found = await this.#rest.listRooms({ text: text.replace(/^#/, ''), direct: false, limit: MAX_PLACES }).catch(() => undefined);
    return found?.rooms ?? [];
  }

  #findPeople(text: string): Promise<readonly User[]> {
    return this.#rest.searchUsers(text, MAX_PLACES).catch(() => []);
  }
}
