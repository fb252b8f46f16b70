import { decodeUser } from '../protocol/decode';
import { list, object, string } from '../protocol/guards';
import type { BotToken, User } from '../protocol/types';
import { nothing, type Rest } from './rest';

const botsOf = object<{ bots: User[] }>({ bots: list(decodeUser) });
const tokenOf = object<BotToken>({ user: decodeUser, token: string });

/** BotRest asks about the bots that one owns. */
export class BotRest {
  #rest: Rest;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  async bots(): Promise<User[]> {
    return (await this.#rest.call('GET', '/bots', botsOf)).bots;
  }

  /** The token is told this once. */
  make(username: string, displayName: string): Promise<BotToken> {
    return this.#rest.call('POST', '/bots', tokenOf, { username, ...(displayName === '' ? {} : { displayName }) });
  }

  /** The old token ends at once. */
  renew(id: number): Promise<BotToken> {
    return this.#rest.call('POST', `/bots/${id}/token`, tokenOf);
  }

  delete(id: number): Promise<void> {
    return this.#rest.call('DELETE', `/bots/${id}`, nothing);
  }
}
