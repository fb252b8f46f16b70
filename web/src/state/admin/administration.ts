import type { Account, AuditEntry, Connection, LimitsView, Room, ServerLimits, ServerState } from '../../protocol/types';
import { type AccountPatch, AdminClient } from '../../transport/admin';
import { errorMessage } from '../../transport/errors';
import type { NodeInfo, RestClient } from '../../transport/rest';
import { type Page, PagedResource } from '../pagedResource';
import { Store } from '../store';

export type LimitsState = { kind: 'loading' } | { kind: 'ready'; view: LimitsView } | { kind: 'failed'; reason: string };

/** Administration is what admins of the server see of it, and do to it. */
export class Administration {
  /** By a part of a name or email. */
  readonly users: PagedResource<Account, string>;
  readonly rooms: PagedResource<Room, string>;
  /** Of one user, or of all. */
  readonly connections: PagedResource<Connection, number | undefined>;
  /** How many nodes did not tell their connections. */
  readonly nonResponding = new Store(0);
  readonly limits = new Store<LimitsState>({ kind: 'loading' });
  readonly auditLog: PagedResource<AuditEntry, undefined>;
  /** The node that answers; undefined until it has. */
  readonly nodeInfo = new Store<NodeInfo | undefined>(undefined);
  /** The server as a whole; undefined until it has answered. */
  readonly server = new Store<ServerState | undefined>(undefined);
  #rest: RestClient;
  #admin: AdminClient;

  constructor(plain: RestClient) {
    this.#rest = plain;
    const rest = new AdminClient(plain);
    this.#admin = rest;
    this.users = new PagedResource(async (text, cursor) => {
      const { users, nextCursor } = await rest.listUsers(text.trim(), cursor);
      return page(users, nextCursor);
    }, '');
    this.rooms = new PagedResource(async (text, cursor) => {
      const { rooms, nextCursor } = await rest.listRooms(text.trim(), cursor);
      return page(rooms, nextCursor);
    }, '');
    this.connections = new PagedResource<Connection, number | undefined>(async (userId, cursor) => {
      const { connections, nextCursor, silent } = await rest.listConnections(userId, cursor);
      this.nonResponding.set(silent);
      return page(connections, nextCursor);
    }, undefined);
    this.auditLog = new PagedResource(async (_, before) => {
      const { entries, hasMore } = await rest.listAuditLog(before);
      return page(entries, hasMore ? String(entries.at(-1)?.id) : undefined);
    }, undefined);
  }

  async updateUser(id: number, patch: AccountPatch): Promise<void> {
    const changed = await this.#admin.updateUser(id, patch);
    this.users.update((users) => users.map((user) => (user.id === id ? changed : user)));
  }

  /** Returns the new password, which nobody is told again. */
  async resetPassword(id: number): Promise<string> {
    const password = await this.#admin.resetPassword(id);
    this.users.update((users) => users.map((user) => (user.id === id ? { ...user, sessions: 0 } : user)));
    return password;
  }

  async deleteRoom(id: number): Promise<void> {
    await this.#admin.deleteRoom(id);
    this.rooms.update((rooms) => rooms.filter((room) => room.id !== id));
  }

  async closeConnection(id: string): Promise<void> {
    await this.#admin.closeConnection(id);
    this.connections.update((connections) => connections.filter((one) => one.id !== id));
  }

  /** If it fails, the known state stays: every section shows its own failures. */
  async loadNodeInfo(): Promise<void> {
    try {
      this.nodeInfo.set(await this.#rest.getNodeInfo());
    } catch {
      return;
    }
  }

  /** If it fails, the known state stays. A node of an older version does not have it. */
  async loadServer(): Promise<void> {
    try {
      this.server.set(await this.#admin.server());
    } catch {
      return;
    }
  }

  /** Where it fails, what is known stays. */
  async loadLimits(): Promise<void> {
    if (this.limits.getSnapshot().kind === 'failed') this.limits.set({ kind: 'loading' });
    try {
      this.limits.set({ kind: 'ready', view: await this.#admin.getLimits() });
    } catch (error) {
      const reason = errorMessage(error);
      this.limits.update((state) => (state.kind === 'ready' ? state : { kind: 'failed', reason }));
    }
  }

  async updateLimits(patch: Partial<ServerLimits>): Promise<void> {
    this.limits.set({ kind: 'ready', view: await this.#admin.updateLimits(patch) });
  }
}

function page<T>(items: T[], next: string | undefined): Page<T> {
  return { items, ...(next ? { next } : {}) };
}
