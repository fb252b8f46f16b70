import type { Member } from '../../protocol/types';
import type { RestClient } from '../../transport/rest';
import { Store } from '../store';

/** The members that the server found for a text, the best matches first. */
export interface FoundMembers {
  text: string;
  members: readonly Member[];
}

const MAX_FOUND = 20;
const CACHE_MS = 30_000;
const MAX_CACHED = 50;

/** MemberSearch finds members of a room by their names, for completions. Results are cached for a short time. */
export class MemberSearch {
  /** The result of the last text that was searched. */
  readonly state = new Store<FoundMembers | undefined>(undefined);
  #rest: RestClient;
  #roomId: number;
  #latest = 0;
  #cache = new Map<string, { at: number; members: Promise<readonly Member[]> }>();

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#roomId = roomId;
  }

  /** Searches a text. A result that arrives after that of a later search is not published. */
  async find(text: string): Promise<readonly Member[]> {
    const request = ++this.#latest;
    const members = await this.#read(text.toLowerCase());
    if (request === this.#latest) this.state.set({ text, members });
    return members;
  }

  #read(text: string): Promise<readonly Member[]> {
    const cached = this.#cache.get(text);
    if (cached !== undefined && Date.now() - cached.at < CACHE_MS) return cached.members;
    const members = this.#rest.listMembers(this.#roomId, { text, limit: MAX_FOUND }).then((page) => page.members);
    members.catch(() => this.#cache.delete(text));
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(text, { at: Date.now(), members });
    return members;
  }
}
