import type { Author, Message } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { MessagePage } from '../../transport/rest';
import type { RequestState } from '../resource';
import { Store } from '../store';
import { withAuthor, type Timeline } from './timeline';

/** A range of messages that ends before the first message of the timeline. */
export interface HistoryRange {
  /** Ascending by seq. */
  messages: readonly Message[];
  hasOlder: boolean;
}

/**
 * Which part of a room is displayed. Every jump increases `visit`, so that the list
 * knows when to scroll. `target` is the message to show.
 */
export type ViewState = { visit: number; target?: number } & (
  | { kind: 'present' }
  | { kind: 'seeking' }
  | { kind: 'failed'; reason: string }
  | { kind: 'past'; past: HistoryRange }
);

/** PageSource reads pages of messages around, after or before a number. */
export interface PageSource {
  around(seq: number): Promise<MessagePage>;
  after(seq: number): Promise<MessagePage>;
  before(seq: number): Promise<MessagePage>;
}

/**
 * HistoryView shows any message of a room: in the timeline if it is loaded there,
 * otherwise in a separate range that grows in both directions and is merged into the
 * timeline when it reaches it.
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
    // Messages after the timeline arrive when the room is joined; see onTimelineChange.
    if (isAhead(t, target)) return;
    await this.#loadAround(visit, target);
  }

  /** Shows the end of the timeline. */
  showLatest(): void {
    const { kind, target } = this.view.getSnapshot();
    if (kind === 'present' && target === undefined) return;
    this.newer.set({ kind: 'idle' });
    this.view.set({ kind: 'present', visit: this.#nextVisit() });
  }

  /** Shows the target if the timeline contains it now. */
  onTimelineChange(): void {
    const view = this.view.getSnapshot();
    if (view.kind !== 'seeking' || view.target === undefined) return;
    if (isLoaded(this.#timeline.getSnapshot(), view.target)) this.view.set({ ...view, kind: 'present' });
  }

  /** Applies an edit, deletion or reaction. */
  onMessageChange(message: Message): void {
    this.#update((past) => ({
      ...past,
      messages: past.messages.map((one) => (one.seq === message.seq && one.changeSeq <= message.changeSeq ? message : one)),
    }));
  }

  /** Applies a changed name or avatar. */
  setAuthor(author: Author): void {
    this.#update((past) => ({ ...past, messages: withAuthor(past.messages, author) }));
  }

  /** Loads older messages of the range. It reports false if the timeline is displayed. */
  async loadOlder(): Promise<boolean> {
    const view = this.view.getSnapshot();
    if (view.kind !== 'past') return false;
    const first = view.past.messages[0];
    if (first === undefined || !view.past.hasOlder) return true;
    const page = await this.#pages.before(first.seq);
    this.#update((past) => ({ messages: [...page.messages, ...past.messages], hasOlder: page.hasMore }), view.visit);
    return true;
  }

  async loadNewer(): Promise<void> {
    const view = this.view.getSnapshot();
    const last = view.kind === 'past' ? view.past.messages.at(-1) : undefined;
    if (last === undefined || this.newer.getSnapshot().kind === 'loading') return;
    this.newer.set({ kind: 'loading' });
    try {
      const page = await this.#pages.after(last.seq);
      if (this.view.getSnapshot().visit !== view.visit) return;
      this.#update((past) => ({ ...past, messages: [...past.messages, ...page.messages] }));
      this.newer.set({ kind: 'idle' });
      this.#merge(!page.hasMore);
    } catch (error) {
      if (this.view.getSnapshot().visit === view.visit) this.newer.set({ kind: 'failed', reason: errorMessage(error) });
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

  /** Merges the range into the timeline if they touch. */
  #merge(complete: boolean): void {
    const view = this.view.getSnapshot();
    if (view.kind !== 'past') return;
    const first = this.#timeline.getSnapshot().messages[0];
    const last = view.past.messages.at(-1);
    const met = first === undefined || (last !== undefined && last.seq >= first.seq);
    if (!met && !complete) return;
    this.#onMerge(view.past);
    this.view.set({ kind: 'present', visit: view.visit, ...(view.target === undefined ? {} : { target: view.target }) });
  }

  #update(change: (past: HistoryRange) => HistoryRange, visit = this.view.getSnapshot().visit): void {
    this.view.update((view) => (view.kind === 'past' && view.visit === visit ? { ...view, past: change(view.past) } : view));
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

/** Returns the displayed timeline. Outgoing messages are only displayed at its end. */
export function visibleTimeline(t: Timeline, view: ViewState): Timeline {
  if (view.kind !== 'past') return t;
  return { ...t, messages: view.past.messages, hasOlder: view.past.hasOlder, outgoing: [] };
}
