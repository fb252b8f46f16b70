import type { Member, RoomRole, User } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { RestClient } from '../../transport/rest';
import { currentItems, type Page, type PagedState, startLoading } from '../pagedResource';
import { Store } from '../store';

/** 'idle' until the members are requested. `next` is set if the server has more members than are loaded. */
export type MembersState = { kind: 'idle' } | PagedState<Member>;

/** A refresh reads at most this many pages again. The others are read again when they are scrolled to. */
const MAX_REFRESHED = 5;

/**
 * Members is the list of a room's members, the online ones first. Pages are read when they are displayed.
 * With a text the list contains the members that match it by name.
 */
export class Members {
  readonly state = new Store<MembersState>({ kind: 'idle' });
  #rest: RestClient;
  #roomId: number;
  #latest = 0;
  #text = '';
  #pages = 1;

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#roomId = roomId;
  }

  /** Reports whether the members were requested. */
  get requested(): boolean {
    return this.state.getSnapshot().kind !== 'idle';
  }

  /** The members that are loaded. */
  get known(): readonly Member[] {
    return currentItems(this.state.getSnapshot());
  }

  /** Lists the members that match a text by name, or all members. */
  async search(text: string): Promise<void> {
    const sameQuery = text.trim() === this.#text;
    this.#text = text.trim();
    if (!sameQuery) this.#pages = 1;
    await this.#load(sameQuery, Math.min(this.#pages, MAX_REFRESHED));
  }

  /** Lists all members again after a search. */
  endSearch(): void {
    if (this.#text !== '') void this.search('');
  }

  /** Reads the members again. */
  load(): Promise<void> {
    return this.search(this.#text);
  }

  async loadMore(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.next) await this.#load(true, 1, state.next);
  }

  find(userId: number): Member | undefined {
    return this.known.find(({ user }) => user.id === userId);
  }

  /** Applies a changed profile. Presence is not part of it: presence has its own updates. */
  setUser(user: User): void {
    this.state.update((state) => {
      if (state.kind === 'idle' || state.kind === 'loading') return state;
      const items = state.items.map((one) => (one.user.id === user.id ? { ...one, user: { ...user, status: one.user.status } } : one));
      return { ...state, items };
    });
  }

  /** Changes a member's role. The role 'owner' transfers the ownership of the room. */
  async setRole(userId: number, role: RoomRole): Promise<void> {
    await this.#rest.setRole(this.#roomId, userId, role);
    await this.load();
  }

  async remove(userId: number): Promise<void> {
    await this.#rest.removeMember(this.#roomId, userId);
    await this.load();
  }

  /** Removes a user and prevents joining again. */
  async ban(userId: number, reason: string): Promise<void> {
    await this.#rest.ban(this.#roomId, userId, reason);
    await this.load();
  }

  async mute(userId: number, seconds: number): Promise<void> {
    await this.#rest.mute(this.#roomId, userId, seconds);
    await this.load();
  }

  async unmute(userId: number): Promise<void> {
    await this.#rest.unmute(this.#roomId, userId);
    await this.load();
  }

  async #load(sameQuery: boolean, pages: number, from?: string): Promise<void> {
    const request = ++this.#latest;
    this.state.update((state) => startLoading(state, sameQuery));
    const before = from === undefined ? [] : this.known;
    try {
      const { items, next } = await this.#read(pages, from);
      if (request !== this.#latest) return;
      this.#pages = from === undefined ? pages : this.#pages + 1;
      this.state.set({ kind: 'ready', items: withoutRepeated([...before, ...items]), ...(next ? { next } : {}) });
    } catch (error) {
      if (request === this.#latest) this.state.set({ kind: 'failed', items: this.known, reason: errorMessage(error) });
    }
  }

  async #read(pages: number, from: string | undefined): Promise<Page<Member>> {
    const items: Member[] = [];
    let cursor = from;
    for (let page = 0; page < pages; page++) {
      const response = await this.#rest.listMembers(this.#roomId, { text: this.#text, cursor });
      items.push(...response.members);
      cursor = response.nextCursor;
      if (!cursor) return { items };
    }
    return { items, ...(cursor ? { next: cursor } : {}) };
  }
}

/** If the presence of a member changed between two pages, the member is on both. */
function withoutRepeated(members: readonly Member[]): Member[] {
  return [...new Map(members.map((member) => [member.user.id, member])).values()];
}
