import type { BotToken, User } from '../protocol/types';
import { decodeBotList, decodeBotToken } from '../protocol/wire.generated';
import { noContent, type RestClient } from './rest';

/** BotClient sends the requests about the user's bots. */
export class BotClient {
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async list(): Promise<User[]> {
    return (await this.#rest.call('GET', '/bots', decodeBotList)).bots;
  }

  /** Returns the token. The server does not return it again. */
  create(username: string, displayName: string): Promise<BotToken> {
    return this.#rest.call('POST', '/bots', decodeBotToken, { username, ...(displayName === '' ? {} : { displayName }) });
  }

  /** Returns a new token. The old one is invalid immediately. */
  rotateToken(id: number): Promise<BotToken> {
    return this.#rest.call('POST', `/bots/${id}/token`, decodeBotToken);
  }

  delete(id: number): Promise<void> {
    return this.#rest.call('DELETE', `/bots/${id}`, noContent);
  }
}
