import type { Author, Message } from '../../protocol/types';
import { wordsOf } from '../../transport/errors';
import type { Page } from '../../transport/rest';
import { Store } from '../store';
import { signedBy, type Timeline } from './timeline';

/** A run of messages that ends before the timeline's first one. */
export interface Past {
  /** Ascending by seq. */
  messages: readonly Message[];
  hasOlder: boolean;
}

/**
 * What of a room is looked at. Every jump is a visit of its own, so that the list
 * knows when to stand elsewhere; target is the message that was looked for.
 */
export type Sight = { visit: number; target?: number } & (
  | { kind: 'present' }
  | { kind: 'seeking' }
  | { kind: 'failed'; reason: string }
  | { kind: 'past'; past: Past }
);

export type Later = { kind: 'idle' } | { kind: 'loading' } | { kind: 'failed'; reason: string };

/** How a lookback reads pages: around a number, or after one. */
export interface PageReader {
  around(seq: number): Promise<Page>;
  after(seq: number): Promise<Page>;
  before(seq: number): Promise<Page>;
}

/**
 * Lookback shows one message of a room, however long ago it was said: in the
 * timeline where it is loaded, else in a run of its own that grows both ways and
 * joins the timeline when it meets it.
 */
export class Lookback {
  readonly sight = new Store<Sight>({ kind: 'present', visit: 0 });
  readonly later = new Store<Later>({ kind: 'idle' });
  #timeline: Store<Timeline>;
  #read: PageReader;
  #joined: (past: Past) => void;

  constructor(timeline: Store<Timeline>, read: PageReader, joined: (past: Past) => void) {
    this.#timeline = timeline;
    this.#read = read;
    this.#joined = joined;
  }

  async show(target: number): Promise<void> {
    const t = this.#timeline.getSnapshot();
    const visit = this.#visits();
    this.later.set({ kind: 'idle' });
    if (isLoaded(t, target)) {
      this.sight.set({ kind: 'present', visit, target });
      return;
    }
    this.sight.set({ kind: 'seeking', visit, target });
    // What is newer than all we know comes with the room itself; see timelineMoved.
    if (isAhead(t, target)) return;
    await this.#seek(visit, target);
  }

  /** Lets go of the past. */
  present(): void {
    const { kind, target } = this.sight.getSnapshot();
    if (kind === 'present' && target === undefined) return;
    this.later.set({ kind: 'idle' });
    this.sight.set({ kind: 'present', visit: this.#visits() });
  }

  /** The timeline has changed: what was sought may be there now. */
  timelineMoved(): void {
    const sight = this.sight.getSnapshot();
    if (sight.kind !== 'seeking' || sight.target === undefined) return;
    if (isLoaded(this.#timeline.getSnapshot(), sight.target)) this.sight.set({ ...sight, kind: 'present' });
  }

  /** A message was edited, deleted or reacted to. */
  changed(message: Message): void {
    this.#update((past) => ({
      ...past,
      messages: past.messages.map((one) => (one.seq === message.seq && one.changeSeq <= message.changeSeq ? message : one)),
    }));
  }

  /** Somebody is called or looks otherwise now. */
  authorIs(author: Author): void {
    this.#update((past) => ({ ...past, messages: signedBy(past.messages, author) }));
  }

  /** Answers whether it was the past that grew. */
  async loadOlder(): Promise<boolean> {
    const sight = this.sight.getSnapshot();
    if (sight.kind !== 'past') return false;
    const first = sight.past.messages[0];
    if (first === undefined || !sight.past.hasOlder) return true;
    const page = await this.#read.before(first.seq);
    this.#update((past) => ({ messages: [...page.messages, ...past.messages], hasOlder: page.hasMore }), sight.visit);
    return true;
  }

  async loadLater(): Promise<void> {
    const sight = this.sight.getSnapshot();
    const last = sight.kind === 'past' ? sight.past.messages.at(-1) : undefined;
    if (last === undefined || this.later.getSnapshot().kind === 'loading') return;
    this.later.set({ kind: 'loading' });
    try {
      const page = await this.#read.after(last.seq);
      if (this.sight.getSnapshot().visit !== sight.visit) return;
      this.#update((past) => ({ ...past, messages: [...past.messages, ...page.messages] }));
      this.later.set({ kind: 'idle' });
      this.#join(!page.hasMore);
    } catch (error) {
      if (this.sight.getSnapshot().visit === sight.visit) this.later.set({ kind: 'failed', reason: wordsOf(error) });
    }
  }

  async #seek(visit: number, target: number): Promise<void> {
    try {
      const page = await this.#read.around(target);
      if (this.sight.getSnapshot().visit !== visit) return;
      this.sight.set({ kind: 'past', visit, target, past: { messages: page.messages, hasOlder: page.hasMore } });
      this.#join(false);
    } catch (error) {
      if (this.sight.getSnapshot().visit === visit) this.sight.set({ kind: 'failed', visit, target, reason: wordsOf(error) });
    }
  }

  /** The run that has met the timeline is its beginning from now on. */
  #join(complete: boolean): void {
    const sight = this.sight.getSnapshot();
    if (sight.kind !== 'past') return;
    const first = this.#timeline.getSnapshot().messages[0];
    const last = sight.past.messages.at(-1);
    const met = first === undefined || (last !== undefined && last.seq >= first.seq);
    if (!met && !complete) return;
    this.#joined(sight.past);
    this.sight.set({ kind: 'present', visit: sight.visit, ...(sight.target === undefined ? {} : { target: sight.target }) });
  }

  #update(change: (past: Past) => Past, visit = this.sight.getSnapshot().visit): void {
    this.sight.update((sight) => (sight.kind === 'past' && sight.visit === visit ? { ...sight, past: change(sight.past) } : sight));
  }

  #visits(): number {
    return this.sight.getSnapshot().visit + 1;
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
export function inSight(t: Timeline, sight: Sight): Timeline {
  if (sight.kind !== 'past') return t;
  return { ...t, messages: sight.past.messages, hasOlder: sight.past.hasOlder, outgoing: [] };
}
