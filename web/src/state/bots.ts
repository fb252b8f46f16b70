import type { BotToken, User } from '../protocol/types';
import { BotClient } from '../transport/bots';
import type { RestClient } from '../transport/rest';
import { Resource } from './resource';

/** Bots is the list of the bots that the user owns. */
export class Bots {
  readonly list: Resource<readonly User[]>;
  #rest: BotClient;

  constructor(rest: RestClient) {
    this.#rest = new BotClient(rest);
    this.list = new Resource(() => this.#rest.list());
  }

  /** Returns the token. The server does not return it again. */
  async make(username: string, displayName: string): Promise<BotToken> {
    const made = await this.#rest.create(username, displayName);
    await this.list.load();
    return made;
  }

  renew(id: number): Promise<BotToken> {
    return this.#rest.rotateToken(id);
  }

  async delete(id: number): Promise<void> {
    await this.#rest.delete(id);
    await this.list.load();
  }
}
