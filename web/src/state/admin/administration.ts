import type { Account, AuditRecord, Connection, LimitsView, Room, ServerLimits, ServerState } from '../../protocol/types';
import { type AccountPatch, AdminRest } from '../../transport/admin';
import { wordsOf } from '../../transport/errors';
import type { NodeInfo, Rest } from '../../transport/rest';
import { type PageOf, Pages } from '../pagedResource';
import { Store } from '../store';

export type LimitsState = { kind: 'loading' } | { kind: 'ready'; view: LimitsView } | { kind: 'failed'; reason: string };

/** Administration is what admins of the server see of it, and do to it. */
export class Administration {
  /** By a part of a name or email. */
  readonly users: Pages<Account, string>;
  readonly rooms: Pages<Room, string>;
  /** Of one user, or of all. */
  readonly connections: Pages<Connection, number | undefined>;
  /** How many nodes did not tell their connections. */
  readonly silent = new Store(0);
  readonly limits = new Store<LimitsState>({ kind: 'loading' });
  readonly audit: Pages<AuditRecord, undefined>;
  /** The node that answers; undefined until it has. */
  readonly node = new Store<NodeInfo | undefined>(undefined);
  /** The server as a whole; undefined until it has answered. */
  readonly server = new Store<ServerState | undefined>(undefined);
  #plain: Rest;
  #rest: AdminRest;

  constructor(plain: Rest) {
    this.#plain = plain;
    const rest = new AdminRest(plain);
    this.#rest = rest;
    this.users = new Pages(async (text, cursor) => {
      const { users, nextCursor } = await rest.users(text.trim(), cursor);
      return page(users, nextCursor);
    }, '');
    this.rooms = new Pages(async (text, cursor) => {
      const { rooms, nextCursor } = await rest.rooms(text.trim(), cursor);
      return page(rooms, nextCursor);
    }, '');
    this.connections = new Pages<Connection, number | undefined>(async (userId, cursor) => {
      const { connections, nextCursor, silent } = await rest.connections(userId, cursor);
      this.silent.set(silent);
      return page(connections, nextCursor);
    }, undefined);
    this.audit = new Pages(async (_, before) => {
      const { entries, hasMore } = await rest.audit(before);
      return page(entries, hasMore ? String(entries.at(-1)?.id) : undefined);
    }, undefined);
  }

  async changeUser(id: number, patch: AccountPatch): Promise<void> {
    const changed = await this.#rest.changeUser(id, patch);
    this.users.change((users) => users.map((user) => (user.id === id ? changed : user)));
  }

  /** Returns the new password, which nobody is told again. */
  async resetPassword(id: number): Promise<string> {
    const password = await this.#rest.resetPassword(id);
    this.users.change((users) => users.map((user) => (user.id === id ? { ...user, sessions: 0 } : user)));
    return password;
  }

  async deleteRoom(id: number): Promise<void> {
    await this.#rest.deleteRoom(id);
    this.rooms.change((rooms) => rooms.filter((room) => room.id !== id));
  }

  async closeConnection(id: string): Promise<void> {
    await this.#rest.closeConnection(id);
    this.connections.change((connections) => connections.filter((one) => one.id !== id));
  }

  /** If it fails, the known state stays: every section shows its own failures. */
  async loadNode(): Promise<void> {
    try {
      this.node.set(await this.#plain.node());
    } catch {
      return;
    }
  }

  /** If it fails, the known state stays. A node of an older version does not have it. */
  async loadServer(): Promise<void> {
    try {
      this.server.set(await this.#rest.server());
    } catch {
      return;
    }
  }

  /** Where it fails, what is known stays. */
  async loadLimits(): Promise<void> {
    if (this.limits.getSnapshot().kind === 'failed') this.limits.set({ kind: 'loading' });
    try {
      this.limits.set({ kind: 'ready', view: await this.#rest.limits() });
    } catch (error) {
      const reason = wordsOf(error);
      this.limits.update((state) => (state.kind === 'ready' ? state : { kind: 'failed', reason }));
    }
  }

  async changeLimits(patch: Partial<ServerLimits>): Promise<void> {
    this.limits.set({ kind: 'ready', view: await this.#rest.changeLimits(patch) });
  }
}

function page<T>(items: T[], next: string | undefined): PageOf<T> {
  return { items, ...(next ? { next } : {}) };
}
