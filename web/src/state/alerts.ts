import { list, number, oneOf } from '../protocol/guards';
import type { Message } from '../protocol/types';
import { titleOf } from './room/direct';
import { excerptOf } from './room/excerpt';
import type { Kept } from './local/userStorage';
import { Store } from './store';
import type { MyRoom } from './room/unread';

/** Whether the user wants to be told of calls when they look elsewhere. */
export type AlertWish = 'unasked' | 'on' | 'off';

/** Somebody speaks to this user: by name, or in a talk of two. */
export interface Call {
  messageId: number;
  roomId: number;
  title: string;
  text: string;
}

const WISH = 'alerts';
const QUIET = 'quiet';

/** Alerts knows who calls this user, and of whom the user wants to hear. */
export class Alerts {
  readonly wish: Store<AlertWish>;
  /** The rooms of which the user wants to hear nothing. */
  readonly quiet: Store<ReadonlySet<number>>;
  /** The last call of this page's life. */
  readonly call = new Store<Call | undefined>(undefined);
  #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
    this.wish = new Store(wishOf(kept.get(WISH)));
    this.quiet = new Store(roomsOf(kept.get(QUIET)));
  }

  want(wish: AlertWish): void {
    this.wish.set(wish);
    this.#kept.set(WISH, wish);
  }

  setQuiet(roomId: number, on: boolean): void {
    const rooms = new Set(this.quiet.getSnapshot());
    if (on) rooms.add(roomId);
    else rooms.delete(roomId);
    this.quiet.set(rooms);
    this.#kept.set(QUIET, rooms.size > 0 ? [...rooms] : undefined);
  }

  /** Somebody has just said something in a room. */
  heard(message: Message, { room }: MyRoom, me: number): void {
    const { id, kind, author, mentions, deletedAt } = message;
    if (kind !== 'text' || author.id === me || deletedAt !== undefined) return;
    if ((!room.direct && !mentions.includes(me)) || this.quiet.getSnapshot().has(room.id)) return;
    const name = author.displayName || author.username;
    this.call.set({
      messageId: id,
      roomId: room.id,
      title: room.direct ? name : `${name} in ${titleOf(room, me)}`,
      text: excerptOf(message),
    });
  }

  /** Another tab has kept something. */
  changed(name: string, value: unknown): void {
    if (name === WISH) this.wish.set(wishOf(value));
    if (name === QUIET) this.quiet.set(roomsOf(value));
  }
}

function wishOf(value: unknown): AlertWish {
  try {
    return oneOf('unasked', 'on', 'off')(value, WISH);
  } catch {
    return 'unasked';
  }
}

function roomsOf(value: unknown): ReadonlySet<number> {
  try {
    return new Set(list(number)(value, QUIET));
  } catch {
    return new Set();
  }
}
