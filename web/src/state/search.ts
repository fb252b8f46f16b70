import type { SearchResult, User } from '../protocol/types';
import { errorMessage } from '../transport/errors';
import type { MessageQuery, RestClient } from '../transport/rest';
import { currentItems, type PagedState, startLoading } from './pagedResource';
import { PlaceSearch } from './placeSearch';
import { Store } from './store';

/** 'idle' without a query. */
export type SearchState = { kind: 'idle' } | PagedState<SearchResult>;

/** The server may return a short or empty page although there are more results. Pages are read until there are MIN_RESULTS, but at most MAX_EMPTY_PAGES. */
const MAX_EMPTY_PAGES = 5;
const MIN_RESULTS = 10;
const MAX_AUTHORS = 6;

/** The filters of a search. Dates are days of the user's calendar: YYYY-MM-DD, both included. */
export interface SearchFilters {
  author?: Pick<User, 'id' | 'username' | 'displayName'>;
  since?: string;
  until?: string;
}

/** Search finds messages in one room or in all rooms of the user. */
export class Search {
  readonly state = new Store<SearchState>({ kind: 'idle' });
  /** The filters stay when the search view is reopened, as the text does. */
  readonly filters = new Store<SearchFilters>({});
  /** The rooms and people that match the text. */
  readonly places: PlaceSearch;
  #asked = '';
  #rest: RestClient;
  #latest = 0;
  #text = '';
  #room: number | undefined;

  constructor(rest: RestClient) {
    this.#rest = rest;
    this.places = new PlaceSearch(rest);
  }

  /** The last query. The search view shows it again when it is reopened. */
  get text(): string {
    return this.#text;
  }

  async query(text: string, room?: number): Promise<void> {
    const asked = JSON.stringify([text.trim(), room, this.filters.getSnapshot()]);
    const sameQuery = asked === this.#asked;
    this.#asked = asked;
    this.#text = text.trim();
    this.#room = room;
    if (this.#text === '') {
      this.#latest += 1;
      this.state.set({ kind: 'idle' });
      return;
    }
    await this.#load(sameQuery);
  }

  /** Finds people to search messages of: members of the room, or users that share a room with the current user. */
  async findAuthors(text: string, room?: number): Promise<readonly User[]> {
    if (room === undefined) return this.#rest.searchUsers(text, MAX_AUTHORS);
    return (await this.#rest.listMembers(room, { text, limit: MAX_AUTHORS })).members.map(({ user }) => user);
  }

  async loadMore(): Promise<void> {
    const state = this.state.getSnapshot();
    if (state.kind === 'ready' && state.next) await this.#load(true, state.next);
  }

  /** Drops the response to an earlier request. */
  async #load(sameQuery: boolean, from?: string): Promise<void> {
    const request = ++this.#latest;
    this.state.update((state) => startLoading(state, sameQuery));
    const before = from === undefined ? [] : currentItems(this.state.getSnapshot());
    let items = before;
    let cursor = from;
    try {
      for (let page = 0; page < MAX_EMPTY_PAGES; page++) {
        const found = await this.#rest.searchMessages({
          text: this.#text,
          ...(this.#room === undefined ? {} : { room: this.#room }),
          ...filterQuery(this.filters.getSnapshot()),
          ...(cursor === undefined ? {} : { cursor }),
        });
        if (request !== this.#latest) return;
        items = [...items, ...found.results];
        cursor = found.nextCursor;
        if (!cursor || items.length - before.length >= MIN_RESULTS) break;
      }
      this.state.set({ kind: 'ready', items, ...(cursor ? { next: cursor } : {}) });
    } catch (error) {
      if (request === this.#latest) this.state.set({ kind: 'failed', items, reason: errorMessage(error) });
    }
  }
}

/** Returns the filters as the server expects them: from the start of the first day to the start of the day after the last one. */
function filterQuery({ author, since, until }: SearchFilters): Pick<MessageQuery, 'author' | 'since' | 'until'> {
  const first = dayStart(since, 0);
  const end = dayStart(until, 1);
  return {
    ...(author === undefined ? {} : { author: author.id }),
    ...(first === undefined ? {} : { since: first }),
    ...(end === undefined ? {} : { until: end }),
  };
}

/** Returns the start of a day in the time zone of the user, or of a day after it. */
function dayStart(day: string | undefined, daysLater: number): Date | undefined {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day ?? '') ?? [];
  if (year === undefined) return undefined;
  const start = new Date(0, 0);
  start.setFullYear(Number(year), Number(month) - 1, Number(date) + daysLater); // the constructor reads years below 100 as 19xx
  return Number.isNaN(start.getTime()) ? undefined : start;
}

/** A part of the text of a result. Matches are marked. */
export interface TextPart {
  text: string;
  marked: boolean;
}

/** Returns the text to show for a result. Older servers return no excerpt. */
export function excerptParts({ message, highlights, excerpt }: SearchResult): TextPart[] {
  return excerpt === undefined ? highlightParts(message.text, highlights) : markedParts(excerpt.text, excerpt.highlights);
}

function markedParts(text: string, highlights: SearchResult['highlights']): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const { start, end } of highlights) {
    if (start > at) parts.push({ text: text.slice(at, start), marked: false });
    parts.push({ text: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), marked: false });
  return parts;
}

const BEFORE = 60;
const WHOLE = 220;

/** Returns the text around the first match, split into matches and other text. */
export function highlightParts(text: string, highlights: SearchResult['highlights']): TextPart[] {
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

/** Returns the start of a word near a position. */
function wordStart(text: string, near: number): number {
  if (near === 0) return 0;
  const space = text.indexOf(' ', near);
  return space < 0 || space - near > 20 ? near : space + 1;
}
