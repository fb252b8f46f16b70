import { errorMessage } from '../transport/errors';
import type { Hit, RestClient } from '../transport/rest';
import { Store } from './store';

export type SearchState =
  /** Nothing has been asked. */
  | { kind: 'idle' }
  | { kind: 'searching'; hits: readonly Hit[] }
  | { kind: 'ready'; hits: readonly Hit[]; nextCursor?: string }
  | { kind: 'failed'; hits: readonly Hit[]; reason: string };

/** A page may be short, or empty, though there is more: so often is asked on without a person's asking. */
const MAX_EMPTY_PAGES = 5;
const MIN_RESULTS = 10;

/** Search looks for what was said, in one room or in all of this user's. */
export class Search {
  readonly state = new Store<SearchState>({ kind: 'idle' });
  #rest: RestClient;
  #latest = 0;
  #text = '';
  #room: number | undefined;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** What was last looked for: whoever comes back finds it there. */
  get text(): string {
    return this.#text;
  }

  async query(text: string, room?: number): Promise<void> {
    this.#text = text.trim();
    this.#room = room;
    if (this.#text === '') {
      this.#latest += 1;
      this.state.set({ kind: 'idle' });
      return;
    }
    await this.#page([]);
  }

  async loadMore(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.nextCursor) await this.#page(state.hits, state.nextCursor);
  }

  /** A late answer to an earlier question is dropped. */
  async #page(before: readonly Hit[], from?: string): Promise<void> {
    const question = ++this.#latest;
    this.state.set({ kind: 'searching', hits: before.length > 0 ? before : this.#shown() });
    let hits = before;
    let cursor = from;
    try {
      for (let page = 0; page < MAX_EMPTY_PAGES; page++) {
        const found = await this.#rest.searchMessages({
          text: this.#text,
          ...(this.#room === undefined ? {} : { room: this.#room }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        if (question !== this.#latest) return;
        hits = [...hits, ...found.results];
        cursor = found.nextCursor;
        if (!cursor || hits.length - before.length >= MIN_RESULTS) break;
      }
      this.state.set({ kind: 'ready', hits, ...(cursor ? { nextCursor: cursor } : {}) });
    } catch (error) {
      if (question === this.#latest) this.state.set({ kind: 'failed', hits, reason: errorMessage(error) });
    }
  }

  #shown(): readonly Hit[] {
    const state = this.state.getSnapshot();
    return state.kind === 'idle' ? [] : state.hits;
  }
}

/** A part of a found text; the parts that were looked for are marked. */
export interface TextPart {
  text: string;
  marked: boolean;
}

const BEFORE = 60;
const WHOLE = 220;

/** The text around its first highlight, cut into marked parts and the others. */
export function highlightParts(text: string, highlights: Hit['highlights']): TextPart[] {
  const first = highlights[0]?.start ?? 0;
  const from = text.length <= WHOLE ? 0 : wordStart(text, Math.max(0, first - BEFORE));
  const to = Math.min(text.length, from + WHOLE);
  const parts: TextPart[] = from > 0 ? [{ text: '…', marked: false }] : [];
  let at = from;
  for (const { start, end } of highlights) {
    if (start < at || end > to) continue;
    if (start > at) parts.push({ text: text.slice(at, start), marked: false });
    parts.push({ text: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < to) parts.push({ text: text.slice(at, to), marked: false });
  if (to < text.length) parts.push({ text: '…', marked: false });
  return parts;
}

/** Where a word begins, so that none is cut in two. */
function wordStart(text: string, near: number): number {
  if (near === 0) return 0;
  const space = text.indexOf(' ', near);
  return space < 0 || space - near > 20 ? near : space + 1;
}
