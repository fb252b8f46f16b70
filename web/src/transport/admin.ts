import { decodeAccount, decodeAuditRecord, decodeConnection, decodeLimitsView, decodeServerState } from '../protocol/admin';
import { decodeRoom } from '../protocol/decode';
import { boolean, list, number, object, optional, string, withDefault } from '../protocol/guards';
import type { Account, AuditEntry, Connection, LimitsView, Room, ServerLimits, ServerState } from '../protocol/types';
import { noContent, type RestClient } from './rest';

export interface AccountPatch {
  role?: 'user' | 'admin';
  disabled?: boolean;
}

export interface ConnectionPage {
  connections: Connection[];
  nextCursor?: string;
  /** How many nodes did not answer: their connections are missing. */
  silent: number;
}

const accountsOf = object<{ users: Account[]; nextCursor?: string }>({ users: list(decodeAccount), nextCursor: optional(string) });
const accountOf = object<{ user: Account }>({ user: decodeAccount });
const passwordOf = object<{ password: string }>({ password: string });
const roomsOf = object<{ rooms: Room[]; nextCursor?: string }>({ rooms: list(decodeRoom), nextCursor: optional(string) });
const connectionsOf = object<ConnectionPage>({
  connections: list(decodeConnection),
  nextCursor: optional(string),
  silent: withDefault(number, 0),
});
const auditOf = object<{ entries: AuditEntry[]; hasMore: boolean }>({ entries: list(decodeAuditRecord), hasMore: withDefault(boolean, false) });

/** AdminRest asks what only admins of the server may. */
export class AdminClient {
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  listUsers(text: string, cursor?: string): Promise<{ users: Account[]; nextCursor?: string }> {
    return this.#rest.call('GET', `/admin/users?${pageQuery(50, { q: text, cursor })}`, accountsOf);
  }

  async updateUser(id: number, patch: AccountPatch): Promise<Account> {
    return (await this.#rest.call('PATCH', `/admin/users/${id}`, accountOf, patch)).user;
  }

  /** The new password is told this once; every session of the user ends. */
  async resetPassword(id: number): Promise<string> {
    return (await this.#rest.call('POST', `/admin/users/${id}/password`, passwordOf)).password;
  }

  listRooms(text: string, cursor?: string): Promise<{ rooms: Room[]; nextCursor?: string }> {
    return this.#rest.call('GET', `/admin/rooms?${pageQuery(50, { q: text, cursor })}`, roomsOf);
  }

  deleteRoom(id: number): Promise<void> {
    return this.#rest.call('DELETE', `/admin/rooms/${id}`, noContent);
  }

  /** userId: only those of one user. */
  listConnections(userId: number | undefined, cursor?: string): Promise<ConnectionPage> {
    return this.#rest.call('GET', `/admin/connections?${pageQuery(100, { userId, cursor })}`, connectionsOf);
  }

  closeConnection(id: string): Promise<void> {
    return this.#rest.call('DELETE', `/admin/connections/${encodeURIComponent(id)}`, noContent);
  }

  server(): Promise<ServerState> {
    return this.#rest.call('GET', '/admin/server', decodeServerState);
  }

  getLimits(): Promise<LimitsView> {
    return this.#rest.call('GET', '/admin/limits', decodeLimitsView);
  }

  /** 0 takes what the environment says. */
  updateLimits(patch: Partial<ServerLimits>): Promise<LimitsView> {
    return this.#rest.call('PATCH', '/admin/limits', decodeLimitsView, patch);
  }

  /** before: the oldest entry that is known. */
  listAuditLog(before?: string): Promise<{ entries: AuditEntry[]; hasMore: boolean }> {
    return this.#rest.call('GET', `/admin/audit?${pageQuery(50, { before })}`, auditOf);
  }
}

/** What is empty or missing is not asked for. */
function pageQuery(limit: number, more: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(more)) if (value !== undefined && value !== '') params.set(name, String(value));
  return params.toString();
}
