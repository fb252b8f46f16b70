import type { OwnRoom, ReadUpdated } from '../protocol/types';
import { type ReadMark, ReadMarks } from './room/readMarks';
import type { RoomSession } from './room/session';
import { isLoadedSince, type Timeline } from './room/timeline';
import { countAfter, countUnread, nothingUnread, type Unread } from './room/unread';
import { Store } from './store';

/** The messages that are on the screen: their first and last number, and the loaded messages around them. */
export interface Seen {
  from: number;
  to: number;
  timeline: Timeline;
}

/** ReadTracker knows how far the user has read each room, counts the rest, and places the line above new messages. */
export class ReadTracker {
  readonly unread = new Store<ReadonlyMap<number, Unread>>(new Map());
  #marks: ReadMarks;
  #onRead: (roomId: number) => void;

  /** `send` reports to the server how far a room is read. `onRead` is called when the user reads. */
  constructor(send: (roomId: number, seq: number) => void, onRead: (roomId: number) => void) {
    this.#marks = new ReadMarks(send);
    this.#onRead = onRead;
  }

  mark(roomId: number): ReadMark {
    return this.#marks.get(roomId);
  }

  count(roomId: number): Unread {
    return this.unread.getSnapshot().get(roomId) ?? nothingUnread;
  }

  /** Applies what the server or the cache knows about a room. */
  receive(own: OwnRoom, session: RoomSession): void {
    this.#applyFromServer(session, () => this.#marks.receive(own));
  }

  /** The user has read the room on another device or in another tab. */
  onReadUpdated(update: ReadUpdated, session: RoomSession): void {
    this.#applyFromServer(session, () => this.#marks.onReadUpdated(update, session.cursor));
  }

  /** Handles a change of a room's messages. A message that arrives while the user looks at the end of the room is read. */
  onTimelineChange(session: RoomSession): void {
    const { id, cursor } = session;
    const { lastRead } = this.mark(id);
    const watched = session.changedLive && session.view === 'end' && isPageWatched();
    if (watched && cursor > lastRead && this.count(id).unread === 0) this.#marks.advance(id, cursor, nothingUnread);
    this.update(session);
  }

  /** Marks the messages on the screen as read, unless there are unread ones above that were never on the screen. */
  markSeen(session: RoomSession, { from, to, timeline }: Seen): void {
    const { lastRead } = this.mark(session.id);
    if (to <= lastRead || !isPageWatched()) return;
    const complete = from <= lastRead + 1 || isLoadedSince(timeline, lastRead);
    if (!complete || countAfter(timeline, lastRead, from - 1).unread > 0) return;
    this.#advance(session, to, countAfter(timeline, lastRead, to));
  }

  /** Marks everything as read. */
  markAllRead(session: RoomSession): void {
    const { id, cursor } = session;
    if (cursor > this.mark(id).lastRead) this.#advance(session, cursor, this.count(id));
  }

  /** Keeps the count when messages are unloaded. */
  settle(session: RoomSession): void {
    this.#marks.settle(session.id, this.count(session.id), session.cursor);
  }

  /** Counts again. The first unread message after none places the line. */
  update(session: RoomSession): void {
    const before = this.count(session.id);
    const now = countUnread(this.mark(session.id), session.timeline.getSnapshot());
    if (before.unread === 0 && now.unread > 0) session.readBefore.set(this.mark(session.id).lastRead);
    if (before.unread === now.unread && before.mentions === now.mentions) return;
    this.unread.update((counts) => new Map(counts).set(session.id, now));
  }

  /** The room is not displayed any more: the next time, the line is where the user has stopped reading. */
  onLeave(session: RoomSession): void {
    session.readBefore.set(this.count(session.id).unread > 0 ? this.mark(session.id).lastRead : undefined);
  }

  forget(roomId: number): void {
    this.#marks.forget(roomId);
    this.unread.update((counts) => new Map([...counts].filter(([id]) => id !== roomId)));
  }

  close(): void {
    this.#marks.close();
  }

  #advance(session: RoomSession, seq: number, read: Unread): void {
    this.#marks.advance(session.id, seq, read);
    this.update(session);
    this.#onRead(session.id);
  }

  /** A mark that another device has moved moves the line, too. */
  #applyFromServer(session: RoomSession, apply: () => void): void {
    const { lastRead } = this.mark(session.id);
    apply();
    this.update(session);
    if (this.mark(session.id).lastRead > lastRead) this.onLeave(session);
  }
}

/** Reports whether the user can see the page. */
function isPageWatched(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}
