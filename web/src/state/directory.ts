import type { Room } from '../protocol/types';
import { wordsOf } from '../transport/errors';
import type { Rest } from '../transport/rest';
import { Store } from './store';

export type DirectoryState =
  | { kind: 'loading'; rooms: readonly Room[] }
  | { kind: 'ready'; rooms: readonly Room[]; nextCursor?: string }
  | { kind: 'failed'; rooms: readonly Room[]; reason: string };

/** Directory searches the rooms that everybody may find. */
export class Directory {
  readonly state = new Store<DirectoryState>({ kind: 'loading', rooms: [] });
  #rest: Rest;
  #latest = 0;
  #text = '';

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  search(text: string): Promise<void> {
    this.#text = text;
    return this.#page([]);
  }

  async more(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.nextCursor) await this.#page(state.rooms, state.nextCursor);
  }

  /** A late answer to an earlier question is dropped. */
  async #page(before: readonly Room[], cursor?: string): Promise<void> {
    const question = ++this.#latest;
    const shown = before.length > 0 ? before : this.state.getSnapshot().rooms;
    this.state.set({ kind: 'loading', rooms: shown });
    try {
      const text = this.#text.trim();
      const answer = await this.#rest.rooms({
        limit: 50,
        sort: 'members',
        ...(text === '' ? {} : { text }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (question !== this.#latest) return;
      const next = answer.nextCursor ? { nextCursor: answer.nextCursor } : {};
      this.state.set({ kind: 'ready', rooms: [...before, ...answer.rooms], ...next });
    } catch (error) {
      if (question === this.#latest) this.state.set({ kind: 'failed', rooms: before, reason: wordsOf(error) });
    }
  }
}
