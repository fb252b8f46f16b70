import { decodeUser } from '../protocol/decode';
import { list, object, string } from '../protocol/guards';
import type { BotToken, User } from '../protocol/types';
import { noContent, type RestClient } from './rest';

const botsOf = object<{ bots: User[] }>({ bots: list(decodeUser) });
const tokenOf = object<BotToken>({ user: decodeUser, token: string });

/** BotRest asks about the bots that one owns. */
export class BotClient {
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async list(): Promise<User[]> {
    return (await this.#rest.call('GET', '/bots', botsOf)).bots;
  }

  /** The token is told this once. */
  create(username: string, displayName: string): Promise<BotToken> {
    return this.#rest.call('POST', '/bots', tokenOf, { username, ...(displayName === '' ? {} : { displayName }) });
  }

  /** The old token ends at once. */
  rotateToken(id: number): Promise<BotToken> {
    return this.#rest.call('POST', `/bots/${id}/token`, tokenOf);
  }

  delete(id: number): Promise<void> {
    return this.#rest.call('DELETE', `/bots/${id}`, noContent);
  }
}
