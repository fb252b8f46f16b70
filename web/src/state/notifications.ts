import { list, number, oneOf } from '../protocol/guards';
import type { Message } from '../protocol/types';
import { roomTitle } from './room/direct';
import { excerptOf } from './room/excerpt';
import type { UserStorage } from './local/userStorage';
import { Store } from './store';
import type { MyRoom } from './room/myRoom';

/** Whether the user wants notifications while the page has no focus. */
export type NotificationChoice = 'unasked' | 'on' | 'off';

/** A message that mentions the user, or a direct message. */
export interface MessageNotification {
  messageId: number;
  roomId: number;
  title: string;
  text: string;
}

const CHOICE_KEY = 'alerts';
const MUTED_ROOMS_KEY = 'quiet';

/** Notifications selects the messages that notify the user, and stores the user's settings. */
export class Notifications {
  readonly choice: Store<NotificationChoice>;
  /** The rooms without notifications. */
  readonly mutedRooms: Store<ReadonlySet<number>>;
  /** The newest notification since the page was loaded. */
  readonly latest = new Store<MessageNotification | undefined>(undefined);
  #storage: UserStorage;

  constructor(storage: UserStorage) {
    this.#storage = storage;
    this.choice = new Store(decodeChoice(storage.get(CHOICE_KEY)));
    this.mutedRooms = new Store(decodeRooms(storage.get(MUTED_ROOMS_KEY)));
  }

  setChoice(choice: NotificationChoice): void {
    this.choice.set(choice);
    this.#storage.set(CHOICE_KEY, choice);
  }

  setRoomMuted(roomId: number, on: boolean): void {
    const rooms = new Set(this.mutedRooms.getSnapshot());
    if (on) rooms.add(roomId);
    else rooms.delete(roomId);
    this.mutedRooms.set(rooms);
    this.#storage.set(MUTED_ROOMS_KEY, rooms.size > 0 ? [...rooms] : undefined);
  }

  /** Handles a new message of a room. */
  onMessage(message: Message, { room }: MyRoom, me: number): void {
    const { id, kind, author, mentions, deletedAt } = message;
    if (kind !== 'text' || author.id === me || deletedAt !== undefined) return;
    if ((!room.direct && !mentions.includes(me)) || this.mutedRooms.getSnapshot().has(room.id)) return;
    const name = author.displayName || author.username;
    this.latest.set({
      messageId: id,
      roomId: room.id,
      title: room.direct ? name : `${name} in ${roomTitle(room, me)}`,
      text: excerptOf(message),
    });
  }

  /** Applies a setting that another tab stored. */
  onStorageChange(name: string, value: unknown): void {
    if (name === CHOICE_KEY) this.choice.set(decodeChoice(value));
    if (name === MUTED_ROOMS_KEY) this.mutedRooms.set(decodeRooms(value));
  }
}

function decodeChoice(value: unknown): NotificationChoice {
  try {
    return oneOf('unasked', 'on', 'off')(value, CHOICE_KEY);
  } catch {
    return 'unasked';
  }
}

function decodeRooms(value: unknown): ReadonlySet<number> {
  try {
    return new Set(list(number)(value, MUTED_ROOMS_KEY));
  } catch {
    return new Set();
  }
}
