import type { BotToken, User } from '../protocol/types';
import { BotRest } from '../transport/bots';
import type { Rest } from '../transport/rest';
import { Listing } from './resource';

/** Bots are the programs that this user owns. */
export class Bots {
  readonly list: Listing<User>;
  #rest: BotRest;

  constructor(rest: Rest) {
    this.#rest = new BotRest(rest);
    this.list = new Listing(() => this.#rest.bots());
  }

  /** The token is told this once: the list does not bear it. */
  async make(username: string, displayName: string): Promise<BotToken> {
    const made = await this.#rest.make(username, displayName);
    await this.list.load();
    return made;
  }

  renew(id: number): Promise<BotToken> {
    return this.#rest.renew(id);
  }

  async delete(id: number): Promise<void> {
    await this.#rest.delete(id);
    await this.list.load();
  }
}
