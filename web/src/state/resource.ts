import { errorMessage } from '../transport/errors';
import { Store } from './store';

/** The state of a value that is read from the server. */
export type ResourceState<T> = { kind: 'loading' } | { kind: 'ready'; value: T } | { kind: 'failed'; reason: string };

/** The state of a request. Its result is stored elsewhere. */
export type RequestState = { kind: 'idle' } | { kind: 'loading' } | { kind: 'failed'; reason: string };

/** Resource is a value of the server. It is read when load is called, not before. */
export class Resource<T> {
  readonly state = new Store<ResourceState<T>>({ kind: 'loading' });
  #read: () => Promise<T>;
  #latest = 0;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Reads the value. The previous value stays until the response is here. */
  load(): Promise<void> {
    return this.#load(() => undefined);
  }

  /** Reads the value again. If that fails, the previous value stays. */
  refresh(): Promise<void> {
    return this.#load((state) => (state.kind === 'ready' ? state : undefined));
  }

  /** Sets the value without a request, for example to the result of a change. */
  set(value: T): void {
    this.#latest += 1;
    this.state.set({ kind: 'ready', value });
  }

  async #load(fallback: (state: ResourceState<T>) => ResourceState<T> | undefined): Promise<void> {
    const request = ++this.#latest;
    if (this.state.getSnapshot().kind === 'failed') this.state.set({ kind: 'loading' });
    try {
      const value = await this.#read();
      if (request === this.#latest) this.state.set({ kind: 'ready', value });
    } catch (error) {
      if (request !== this.#latest) return;
      this.state.update((state) => fallback(state) ?? { kind: 'failed', reason: errorMessage(error) });
    }
  }
}
