import type { Membership, OwnRoom, Room, RoomRole } from '../../protocol/types';
import { nothingUnread, type Unread } from './unread';

/** A room of the user, with the user's membership. */
export interface MyRoom {
  room: Room;
  role: RoomRole;
  lastRead: number;
  /** The end of the mute; missing if the user is not muted. */
  mutedUntil?: string;
  /** The server's unread count, and the last number that it includes. */
  serverCount: Unread & { head: number };
}

/** Returns the room of a new member, with nothing unread. */
export function newOwnRoom(room: Room, { role, lastRead, mutedUntil }: Membership): OwnRoom {
  return { room, role, lastRead, ...nothingUnread, ...(mutedUntil ? { mutedUntil } : {}) };
}

export function toMyRoom({ room, role, lastRead, unread, mentions, mutedUntil }: OwnRoom): MyRoom {
  return { room, role, lastRead, serverCount: { unread, mentions, head: room.head }, ...(mutedUntil ? { mutedUntil } : {}) };
}

export function toOwnRoom({ room, role, lastRead, mutedUntil }: MyRoom, unread: Unread): OwnRoom {
  return { room, role, lastRead, ...unread, ...(mutedUntil ? { mutedUntil } : {}) };
}

/** Keeps the higher read mark: the server may not have received the client's yet. */
export function withKnown(received: MyRoom, known: MyRoom | undefined): MyRoom {
  if (known === undefined || known.lastRead <= received.lastRead) return received;
  const serverCount = known.lastRead >= received.room.head ? { ...nothingUnread, head: received.room.head } : received.serverCount;
  return { ...received, lastRead: known.lastRead, serverCount };
}
