import { errorMessage } from '../transport/errors';
import { Store } from './store';

export interface Page<T> {
  items: readonly T[];
  /** The cursor of the next page; missing on the last one. */
  next?: string;
}

/**
 * The state of a list that is read page by page. While a new query is loading, the
 * results of the previous one are only in `stale`: they may stay visible, but they
 * must not be offered as results.
 */
export type PagedState<T> =
  | { kind: 'loading'; stale: readonly T[] }
  /** The same query is read again, or its next page is. */
  | ({ kind: 'refreshing' } & Page<T>)
  | ({ kind: 'ready' } & Page<T>)
  | { kind: 'failed'; items: readonly T[]; reason: string };

/** Returns the results of the current query, as far as they are known. */
export function currentItems<T>(state: PagedState<T> | { kind: 'idle' }): readonly T[] {
  return state.kind === 'loading' || state.kind === 'idle' ? [] : state.items;
}

/** Returns what a list displays. Stale items must be inert: they are not results of the current query. */
export function displayedItems<T>(state: PagedState<T>): { items: readonly T[]; stale: boolean } {
  return state.kind === 'loading' ? { items: state.stale, stale: true } : { items: state.items, stale: false };
}

/** Starts a request. Results of the same query stay; all others become stale. */
export function startLoading<T>(state: PagedState<T> | { kind: 'idle' }, sameQuery: boolean): PagedState<T> {
  if (state.kind === 'idle') return { kind: 'loading', stale: [] };
  if (state.kind === 'loading') return state;
  if (!sameQuery || state.items.length === 0) return { kind: 'loading', stale: state.items };
  return { kind: 'refreshing', items: state.items, ...(state.kind !== 'failed' && state.next ? { next: state.next } : {}) };
}

/** PagedResource is a long list of the server that is read page by page. Q is the query. */
export class PagedResource<T, Q> {
  readonly state = new Store<PagedState<T>>({ kind: 'loading', stale: [] });
  #read: (query: Q, cursor?: string) => Promise<Page<T>>;
  #query: Q;
  #latest = 0;

  constructor(read: (query: Q, cursor?: string) => Promise<Page<T>>, query: Q) {
    this.#read = read;
    this.#query = query;
  }

  /** Reads the first page of a query. */
  query(query: Q): Promise<void> {
    const sameQuery = query === this.#query;
    this.#query = query;
    return this.#load(sameQuery);
  }

  /** Reads the first page again. */
  refresh(): Promise<void> {
    return this.query(this.#query);
  }

  async loadMore(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.next) await this.#load(true, state.next);
  }

  /** Changes the items without a request. */
  update(change: (items: readonly T[]) => readonly T[]): void {
    this.state.update((state) => (state.kind === 'loading' ? state : { ...state, items: change(state.items) }));
  }

  /** Drops the response to an earlier request. */
  async #load(sameQuery: boolean, cursor?: string): Promise<void> {
    const request = ++this.#latest;
    this.state.update((state) => startLoading(state, sameQuery));
    const before = currentItems(this.state.getSnapshot());
    try {
      const page = await this.#read(this.#query, cursor);
      if (request !== this.#latest) return;
      const items = cursor === undefined ? page.items : [...before, ...page.items];
      this.state.set({ kind: 'ready', items, ...(page.next ? { next: page.next } : {}) });
    } catch (error) {
      if (request === this.#latest) this.state.set({ kind: 'failed', items: before, reason: errorMessage(error) });
    }
  }
}
