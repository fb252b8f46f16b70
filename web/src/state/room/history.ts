import type { Author, Message } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { MessagePage } from '../../transport/rest';
import type { RequestState } from '../resource';
import { Store } from '../store';
import { withAuthor, type Timeline } from './timeline';

/** A run of messages that ends before the timeline's first one. */
export interface HistoryRange {
  /** Ascending by seq. */
  messages: readonly Message[];
  hasOlder: boolean;
}

/**
 * What of a room is looked at. Every jump is a visit of its own, so that the list
 * knows when to stand elsewhere; target is the message that was looked for.
 */
export type ViewState = { visit: number; target?: number } & (
  | { kind: 'present' }
  | { kind: 'seeking' }
  | { kind: 'failed'; reason: string }
  | { kind: 'past'; past: HistoryRange }
);

/** How a lookback reads pages: around a number, or after one. */
export interface PageSource {
  around(seq: number): Promise<MessagePage>;
  after(seq: number): Promise<MessagePage>;
  before(seq: number): Promise<MessagePage>;
}

/**
 * Lookback shows one message of a room, however long ago it was said: in the
 * timeline where it is loaded, else in a run of its own that grows both ways and
 * joins the timeline when it meets it.
 */
export class HistoryView {
  readonly view = new Store<ViewState>({ kind: 'present', visit: 0 });
  readonly newer = new Store<RequestState>({ kind: 'idle' });
  #timeline: Store<Timeline>;
  #pages: PageSource;
  #onMerge: (past: HistoryRange) => void;

  constructor(timeline: Store<Timeline>, read: PageSource, joined: (past: HistoryRange) => void) {
    this.#timeline = timeline;
    this.#pages = read;
    this.#onMerge = joined;
  }

  async show(target: number): Promise<void> {
    const t = this.#timeline.getSnapshot();
    const visit = this.#nextVisit();
    this.newer.set({ kind: 'idle' });
    if (isLoaded(t, target)) {
      this.view.set({ kind: 'present', visit, target });
      return;
    }
    this.view.set({ kind: 'seeking', visit, target });
    // What is newer than all we know comes with the room itself; see timelineMoved.
    if (isAhead(t, target)) return;
    await this.#loadAround(visit, target);
  }

  /** Lets go of the past. */
  showLatest(): void {
    const { kind, target } = this.view.getSnapshot();
    if (kind === 'present' && target === undefined) return;
    this.newer.set({ kind: 'idle' });
    this.view.set({ kind: 'present', visit: this.#nextVisit() });
  }

  /** The timeline has changed: what was sought may be there now. */
  onTimelineChange(): void {
    const sight = this.view.getSnapshot();
    if (sight.kind !== 'seeking' || sight.target === undefined) return;
    if (isLoaded(this.#timeline.getSnapshot(), sight.target)) this.view.set({ ...sight, kind: 'present' });
  }

  /** A message was edited, deleted or reacted to. */
  onMessageChange(message: Message): void {
    this.#update((past) => ({
      ...past,
      messages: past.messages.map((one) => (one.seq === message.seq && one.changeSeq <= message.changeSeq ? message : one)),
    }));
  }

  /** Somebody is called or looks otherwise now. */
  setAuthor(author: Author): void {
    this.#update((past) => ({ ...past, messages: withAuthor(past.messages, author) }));
  }

  /** Answers whether it was the past that grew. */
  async loadOlder(): Promise<boolean> {
    const sight = this.view.getSnapshot();
    if (sight.kind !== 'past') return false;
    const first = sight.past.messages[0];
    if (first === undefined || !sight.past.hasOlder) return true;
    const page = await this.#pages.before(first.seq);
    this.#update((past) => ({ messages: [...page.messages, ...past.messages], hasOlder: page.hasMore }), sight.visit);
    return true;
  }

  async loadNewer(): Promise<void> {
    const sight = this.view.getSnapshot();
    const last = sight.kind === 'past' ? sight.past.messages.at(-1) : undefined;
    if (last === undefined || this.newer.getSnapshot().kind === 'loading') return;
    this.newer.set({ kind: 'loading' });
    try {
      const page = await this.#pages.after(last.seq);
      if (this.view.getSnapshot().visit !== sight.visit) return;
      this.#update((past) => ({ ...past, messages: [...past.messages, ...page.messages] }));
      this.newer.set({ kind: 'idle' });
      this.#merge(!page.hasMore);
    } catch (error) {
      if (this.view.getSnapshot().visit === sight.visit) this.newer.set({ kind: 'failed', reason: errorMessage(error) });
    }
  }

  async #loadAround(visit: number, target: number): Promise<void> {
    try {
      const page = await this.#pages.around(target);
      if (this.view.getSnapshot().visit !== visit) return;
      this.view.set({ kind: 'past', visit, target, past: { messages: page.messages, hasOlder: page.hasMore } });
      this.#merge(false);
    } catch (error) {
      if (this.view.getSnapshot().visit === visit) this.view.set({ kind: 'failed', visit, target, reason: errorMessage(error) });
    }
  }

  /** The run that has met the timeline is its beginning from now on. */
  #merge(complete: boolean): void {
    const sight = this.view.getSnapshot();
    if (sight.kind !== 'past') return;
    const first = this.#timeline.getSnapshot().messages[0];
    const last = sight.past.messages.at(-1);
    const met = first === undefined || (last !== undefined && last.seq >= first.seq);
    if (!met && !complete) return;
    this.#onMerge(sight.past);
    this.view.set({ kind: 'present', visit: sight.visit, ...(sight.target === undefined ? {} : { target: sight.target }) });
  }

  #update(change: (past: HistoryRange) => HistoryRange, visit = this.view.getSnapshot().visit): void {
    this.view.update((sight) => (sight.kind === 'past' && sight.visit === visit ? { ...sight, past: change(sight.past) } : sight));
  }

  #nextVisit(): number {
    return this.view.getSnapshot().visit + 1;
  }
}

function isLoaded(t: Timeline, seq: number): boolean {
  const first = t.messages[0];
  return t.cursor.kind === 'at' && seq <= t.cursor.seq && first !== undefined && (seq >= first.seq || !t.hasOlder);
}

function isAhead(t: Timeline, seq: number): boolean {
  return t.cursor.kind !== 'at' || seq > t.cursor.seq;
}

/** The timeline as it is looked at: what is on its way belongs to the present. */
export function visibleTimeline(t: Timeline, sight: ViewState): Timeline {
  if (sight.kind !== 'past') return t;
  return { ...t, messages: sight.past.messages, hasOlder: sight.past.hasOlder, outgoing: [] };
}
