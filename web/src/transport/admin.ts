import type { Account, ServerState } from '../protocol/types';
import {
  decodeAccountResponse,
  decodeAccountList,
  decodeAuditLog,
  decodeConnectionPage,
  decodeResetPasswordResponse,
  decodeRoomList,
  decodeServerState,
  decodeSettingList,
} from '../protocol/wire.generated';
import type { AccountList, AuditLog, UpdateAccountRequest, ConnectionPage, RoomList, SettingList } from '../protocol/wire.generated';
import { noContent, type RestClient } from './rest';

export type AccountPatch = UpdateAccountRequest;

/** AdminClient sends the requests that only admins of the server may send. */
export class AdminClient {
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  listUsers(text: string, cursor?: string): Promise<AccountList> {
    return this.#rest.call('GET', `/admin/users?${pageQuery(50, { q: text, cursor })}`, decodeAccountList);
  }

  async updateUser(id: number, patch: AccountPatch): Promise<Account> {
    return (await this.#rest.call('PATCH', `/admin/users/${id}`, decodeAccountResponse, patch)).user;
  }

  /** Sets a random password, returns it and ends every session of the user. The server does not return it again. */
  async resetPassword(id: number): Promise<string> {
    return (await this.#rest.call('POST', `/admin/users/${id}/password`, decodeResetPasswordResponse)).password;
  }

  listRooms(text: string, cursor?: string): Promise<RoomList> {
    return this.#rest.call('GET', `/admin/rooms?${pageQuery(50, { q: text, cursor })}`, decodeRoomList);
  }

  deleteRoom(id: number): Promise<void> {
    return this.#rest.call('DELETE', `/admin/rooms/${id}`, noContent);
  }

  /** Lists the connections of one user, or of all. */
  listConnections(userId: number | undefined, cursor?: string): Promise<ConnectionPage> {
    return this.#rest.call('GET', `/admin/connections?${pageQuery(100, { userId, cursor })}`, decodeConnectionPage);
  }

  closeConnection(id: string): Promise<void> {
    return this.#rest.call('DELETE', `/admin/connections/${encodeURIComponent(id)}`, noContent);
  }

  server(): Promise<ServerState> {
    return this.#rest.call('GET', '/admin/server', decodeServerState);
  }

  listSettings(): Promise<SettingList> {
    return this.#rest.call('GET', '/admin/settings', decodeSettingList);
  }

  /** Sets values by name. '' stands for the value of the environment, or the default. */
  updateSettings(values: Record<string, string>): Promise<SettingList> {
    return this.#rest.call('PATCH', '/admin/settings', decodeSettingList, { values });
  }

  /** Lists the entries before an ID, newest first. */
  listAuditLog(before?: string): Promise<AuditLog> {
    return this.#rest.call('GET', `/admin/audit?${pageQuery(50, { before })}`, decodeAuditLog);
  }
}

/** Returns the query of a page without empty and missing parameters. */
function pageQuery(limit: number, more: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(more)) if (value !== undefined && value !== '') params.set(name, String(value));
  return params.toString();
}
