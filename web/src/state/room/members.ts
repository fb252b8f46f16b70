import type { Member, RoomRole, User } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { RestClient } from '../../transport/rest';
import { Store } from '../store';

export type MembersState =
  | { kind: 'unasked' }
  | { kind: 'loading'; members: readonly Member[] }
  | { kind: 'ready'; members: readonly Member[]; more: boolean }
  | { kind: 'failed'; members: readonly Member[]; reason: string };

/** A panel of more names than this helps nobody. */
const MAX_PAGES = 5;

/** Members is the list of a room's members, read when somebody looks at it. */
export class Members {
  readonly state = new Store<MembersState>({ kind: 'unasked' });
  #rest: RestClient;
  #roomId: number;
  #latest = 0;

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#roomId = roomId;
  }

  get asked(): boolean {
    return this.state.getSnapshot().kind !== 'unasked';
  }

  async load(): Promise<void> {
    const question = ++this.#latest;
    const before = this.state.getSnapshot();
    const shown = before.kind === 'unasked' ? [] : before.members;
    this.state.set(before.kind === 'ready' ? before : { kind: 'loading', members: shown });
    try {
      const { members, more } = await this.#all();
      if (question === this.#latest) this.state.set({ kind: 'ready', members, more });
    } catch (error) {
      if (question === this.#latest) this.state.set({ kind: 'failed', members: shown, reason: errorMessage(error) });
    }
  }

  roleOf(userId: number): RoomRole | undefined {
    const state = this.state.getSnapshot();
    return state.kind === 'unasked' ? undefined : state.members.find(({ user }) => user.id === userId)?.role;
  }

  /** A member's name, avatar or role on the server is another; presence is told elsewhere. */
  setUser(user: User): void {
    this.state.update((state) => {
      if (state.kind === 'unasked') return state;
      const members = state.members.map((one) =>
        one.user.id === user.id ? { ...one, user: { ...user, status: one.user.status } } : one,
      );
      return { ...state, members };
    });
  }

  /** 'owner' hands the room over. */
  async setRole(userId: number, role: RoomRole): Promise<void> {
    await this.#rest.setRole(this.#roomId, userId, role);
    await this.load();
  }

  async remove(userId: number): Promise<void> {
    await this.#rest.removeMember(this.#roomId, userId);
    await this.load();
  }

  /** Ends the membership and refuses every way back. */
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

  async #all(): Promise<{ members: Member[]; more: boolean }> {
    const members: Member[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.#rest.listMembers(this.#roomId, cursor);
      members.push(...answer.members);
      cursor = answer.nextCursor;
      if (!cursor) return { members, more: false };
    }
    return { members, more: true };
  }
}
