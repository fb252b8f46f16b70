import { errorMessage } from '../transport/errors';
import { Store } from './store';

export interface Page<T> {
  items: readonly T[];
  /** Where the next page begins; missing on the last one. */
  next?: string;
}

export type PagedState<T> =
  | ({ kind: 'loading' | 'ready' } & Page<T>)
  | { kind: 'failed'; items: readonly T[]; reason: string };

/** Pages is a long list of the server's, read page by page; Q is what it is asked. */
export class PagedResource<T, Q> {
  readonly state = new Store<PagedState<T>>({ kind: 'loading', items: [] });
  #read: (question: Q, cursor?: string) => Promise<Page<T>>;
  #question: Q;
  #latest = 0;

  constructor(read: (question: Q, cursor?: string) => Promise<Page<T>>, question: Q) {
    this.#read = read;
    this.#question = question;
  }

  /** Begins anew; what is shown stays until the answer is here, and where the same question fails. */
  query(question: Q): Promise<void> {
    const kept = question === this.#question ? this.state.getSnapshot().items : [];
    this.#question = question;
    return this.#page(kept);
  }

  /** Reads the first page again. */
  refresh(): Promise<void> {
    return this.query(this.#question);
  }

  async loadMore(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.next) await this.#page(state.items, state.next);
  }

  /** What was done is shown without asking again. */
  update(change: (items: readonly T[]) => readonly T[]): void {
    this.state.update((state) => ({ ...state, items: change(state.items) }));
  }

  /** A late answer to an earlier question is dropped. kept: what stays where it fails. */
  async #page(kept: readonly T[], cursor?: string): Promise<void> {
    const question = ++this.#latest;
    this.state.update((state) => (state.kind === 'failed' ? { kind: 'loading', items: state.items } : { ...state, kind: 'loading' }));
    try {
      const page = await this.#read(this.#question, cursor);
      if (question !== this.#latest) return;
      const items = cursor === undefined ? page.items : [...kept, ...page.items];
      this.state.set({ kind: 'ready', items, ...(page.next ? { next: page.next } : {}) });
    } catch (error) {
      if (question === this.#latest) this.state.set({ kind: 'failed', items: kept, reason: errorMessage(error) });
    }
  }
}
