import { errorMessage } from '../transport/errors';
import { Store } from './store';

export type ResourceState<T> = { kind: 'loading' } | { kind: 'ready'; items: readonly T[] } | { kind: 'failed'; reason: string };

/** Listing is a short list of the server's, read when somebody looks at it. */
export class Resource<T> {
  readonly state = new Store<ResourceState<T>>({ kind: 'loading' });
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
      if (question === this.#latest) this.state.set({ kind: 'failed', reason: errorMessage(error) });
    }
  }
}
