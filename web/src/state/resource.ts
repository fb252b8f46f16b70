import { wordsOf } from '../transport/errors';
import { Store } from './store';

export type ListingState<T> = { kind: 'loading' } | { kind: 'ready'; items: readonly T[] } | { kind: 'failed'; reason: string };

/** Listing is a short list of the server's, read when somebody looks at it. */
export class Listing<T> {
  readonly state = new Store<ListingState<T>>({ kind: 'loading' });
  #read: () => Promise<readonly T[]>;
  #latest = 0;

  constructor(read: () => Promise<readonly T[]>) {
    this.#read = read;
  }

  async load(): Promise<void> {
    const question = ++this.#latest;
    if (this.state.getSnapshot().kind === 'failed') this.state.set({ kind: 'loading' });
    try {
      const items = await this.#read();
      if (question === this.#latest) this.state.set({ kind: 'ready', items });
    } catch (error) {
      if (question === this.#latest) this.state.set({ kind: 'failed', reason: wordsOf(error) });
    }
  }
}
