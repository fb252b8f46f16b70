import type { Account, AuditEntry, Connection, Room, ServerState, Setting } from '../../protocol/types';
import { type AccountPatch, AdminClient } from '../../transport/admin';
import type { NodeInfo, RestClient } from '../../transport/rest';
import { type Page, PagedResource } from '../pagedResource';
import { Resource } from '../resource';
import { Store } from '../store';

/** Administration is the state of the administration view: what admins of the server read and change. */
export class Administration {
  /** The query is a part of a name or email address. */
  readonly users: PagedResource<Account, string>;
  readonly rooms: PagedResource<Room, string>;
  /** The query is a user ID; undefined lists the connections of all users. */
  readonly connections: PagedResource<Connection, number | undefined>;
  /** The number of nodes that did not report their connections in time. */
  readonly nonResponding = new Store(0);
  readonly settings: Resource<{ settings: Setting[] }>;
  readonly auditLog: PagedResource<AuditEntry, undefined>;
  /** The node that sent the last response; undefined until the first one. */
  readonly nodeInfo = new Store<NodeInfo | undefined>(undefined);
  /** The whole server; undefined until the first response. */
  readonly server = new Store<ServerState | undefined>(undefined);
  #rest: RestClient;
  #admin: AdminClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
    const admin = new AdminClient(rest);
    this.#admin = admin;
    this.users = new PagedResource(async (text, cursor) => {
      const { users, nextCursor } = await admin.listUsers(text.trim(), cursor);
      return page(users, nextCursor);
    }, '');
    this.rooms = new PagedResource(async (text, cursor) => {
      const { rooms, nextCursor } = await admin.listRooms(text.trim(), cursor);
      return page(rooms, nextCursor);
    }, '');
    this.connections = new PagedResource<Connection, number | undefined>(async (userId, cursor) => {
      const { connections, nextCursor, silent } = await admin.listConnections(userId, cursor);
      this.nonResponding.set(silent);
      return page(connections, nextCursor);
    }, undefined);
    this.settings = new Resource(() => admin.listSettings());
    this.auditLog = new PagedResource(async (_, before) => {
      const { entries, hasMore } = await admin.listAuditLog(before);
      return page(entries, hasMore ? String(entries.at(-1)?.id) : undefined);
    }, undefined);
  }

  async updateUser(id: number, patch: AccountPatch): Promise<void> {
    const changed = await this.#admin.updateUser(id, patch);
    this.users.update((users) => users.map((user) => (user.id === id ? changed : user)));
  }

  /** Sets a random password and returns it. The server does not return it again. */
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

  /** Keeps the known state if the request fails: every section shows its own errors. */
  async loadNodeInfo(): Promise<void> {
    try {
      this.nodeInfo.set(await this.#rest.getNodeInfo());
    } catch {
      return;
    }
  }

  /** Keeps the known state if the request fails, for example because the node has an older version. */
  async loadServer(): Promise<void> {
    try {
      this.server.set(await this.#admin.server());
    } catch {
      return;
    }
  }

  /** Sets values by name. '' stands for the value of the environment, or the default. */
  async updateSettings(values: Record<string, string>): Promise<void> {
    this.settings.set(await this.#admin.updateSettings(values));
  }
}

function page<T>(items: T[], next: string | undefined): Page<T> {
  return { items, ...(next ? { next } : {}) };
}
