import type { Member, RoomRole, User } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { RestClient } from '../../transport/rest';
import { currentItems, type Page, type PagedState, startLoading } from '../pagedResource';
import { Store } from '../store';

/** 'idle' until the members are requested. `next` is set if the room has more members than are listed. */
export type MembersState = { kind: 'idle' } | PagedState<Member>;

/** The panel lists at most this many pages. */
const MAX_PAGES = 5;

/** Members is the list of a room's members. It is read when it is first displayed. */
export class Members {
  readonly state = new Store<MembersState>({ kind: 'idle' });
  #rest: RestClient;
  #roomId: number;
  #latest = 0;

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#roomId = roomId;
  }

  /** Reports whether the members were requested. */
  get requested(): boolean {
    return this.state.getSnapshot().kind !== 'idle';
  }

  /** The members that are known. */
  get known(): readonly Member[] {
    return currentItems(this.state.getSnapshot());
  }

  async load(): Promise<void> {
    const request = ++this.#latest;
    this.state.update((state) => startLoading(state, true));
    try {
      const page = await this.#readAll();
      if (request === this.#latest) this.state.set({ kind: 'ready', ...page });
    } catch (error) {
      if (request === this.#latest) this.state.set({ kind: 'failed', items: this.known, reason: errorMessage(error) });
    }
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

  async #readAll(): Promise<Page<Member>> {
    const items: Member[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const response = await this.#rest.listMembers(this.#roomId, cursor);
      items.push(...response.members);
      cursor = response.nextCursor;
      if (!cursor) return { items };
    }
    return { items, ...(cursor ? { next: cursor } : {}) };
  }
}
