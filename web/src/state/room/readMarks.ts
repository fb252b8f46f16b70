import type { OwnRoom, ReadUpdated } from '../../protocol/types';
import { nothingUnread, type Unread } from './unread';

/** How far the user has read a room. */
export interface ReadMark {
  /** The last read number of the room's sequence. */
  lastRead: number;
  /** The server's unread count, and the last number that it includes. */
  serverCount: Unread & { head: number };
}

/** The server is informed at most once per this time and room. */
const SEND_INTERVAL_MS = 600;

/**
 * ReadMarks contains how far the user has read each room. It is not a part of the
 * list of rooms, because it moves with every message and nothing displays it.
 */
export class ReadMarks {
  #send: (roomId: number, seq: number) => void;
  #marks = new Map<number, ReadMark>();
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** `send` reports a mark to the server. */
  constructor(send: (roomId: number, seq: number) => void) {
    this.#send = send;
  }

  get(roomId: number): ReadMark {
    return this.#marks.get(roomId) ?? { lastRead: 0, serverCount: { ...nothingUnread, head: 0 } };
  }

  /** Applies what the server or the cache knows. A higher mark stays: the server may not have received it yet. */
  receive({ room, lastRead, unread, mentions }: OwnRoom): void {
    const known = this.#marks.get(room.id)?.lastRead ?? 0;
    const count = known > lastRead && known >= room.head ? nothingUnread : { unread, mentions };
    this.#marks.set(room.id, { lastRead: Math.max(known, lastRead), serverCount: { ...count, head: room.head } });
  }

  /** The user has read the room on another device or in another tab. `head` is the last known number of the room. */
  onReadUpdated({ roomId, lastRead, unread, mentions }: ReadUpdated, head: number): void {
    const known = this.get(roomId).lastRead;
    this.#marks.set(roomId, { lastRead: Math.max(known, lastRead), serverCount: { unread, mentions, head } });
  }

  /** Moves the mark forward and reports it to the server. `read` is what the user has read by this. */
  advance(roomId: number, seq: number, read: Unread): void {
    const { serverCount } = this.get(roomId);
    const rest = { unread: Math.max(0, serverCount.unread - read.unread), mentions: Math.max(0, serverCount.mentions - read.mentions) };
    const count = seq >= serverCount.head ? { ...nothingUnread, head: seq } : { ...rest, head: serverCount.head };
    this.#marks.set(roomId, { lastRead: seq, serverCount: count });
    if (this.#timers.has(roomId)) return;
    this.#timers.set(roomId, setTimeout(() => {
      this.#timers.delete(roomId);
      this.#send(roomId, this.get(roomId).lastRead);
    }, SEND_INTERVAL_MS));
  }

  /** Counts everything up to `head` into the server's count: the messages are about to be unloaded. */
  settle(roomId: number, count: Unread, head: number): void {
    this.#marks.set(roomId, { ...this.get(roomId), serverCount: { ...count, head } });
  }

  forget(roomId: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.delete(roomId);
    this.#marks.delete(roomId);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
