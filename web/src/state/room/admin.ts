import type { Ban, CreatedInvite, Invite } from '../../protocol/types';
import type { NewInvite, RestClient } from '../../transport/rest';
import { Resource } from '../resource';

/** RoomAdmin is the state of a room that only moderators see: invites and bans. */
export class RoomAdmin {
  readonly invites: Resource<readonly Invite[]>;
  readonly bans: Resource<readonly Ban[]>;
  #roomId: number;
  #rest: RestClient;

  constructor(roomId: number, rest: RestClient) {
    this.#roomId = roomId;
    this.#rest = rest;
    this.invites = new Resource(() => rest.listInvites(roomId));
    this.bans = new Resource(async () => (await rest.listBans(roomId)).bans);
  }

  /** Returns the invite with its token. The server does not return the token again. */
  async createInvite(invite: NewInvite): Promise<CreatedInvite> {
    const created = await this.#rest.createInvite(this.#roomId, invite);
    await this.invites.load();
    return created;
  }

  async revokeInvite(inviteId: number): Promise<void> {
    await this.#rest.revokeInvite(this.#roomId, inviteId);
    await this.invites.load();
  }

  async unban(userId: number): Promise<void> {
    await this.#rest.unban(this.#roomId, userId);
    await this.bans.load();
  }
}
