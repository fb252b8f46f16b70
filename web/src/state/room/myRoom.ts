import type { Membership, OwnRoom, Room, RoomRole } from '../../protocol/types';
import type { ReadMark } from './readMarks';
import { nothingUnread, type Unread } from './unread';

/** A room of the user, with the user's membership. */
export interface MyRoom {
  room: Room;
  role: RoomRole;
  /** The end of the mute; missing if the user is not muted. */
  mutedUntil?: string;
}

/** Returns the room of a new member, with nothing unread. */
export function newOwnRoom(room: Room, { role, lastRead, mutedUntil }: Membership): OwnRoom {
  return { room, role, lastRead, ...nothingUnread, ...(mutedUntil ? { mutedUntil } : {}) };
}

export function toMyRoom({ room, role, mutedUntil }: OwnRoom): MyRoom {
  return { room, role, ...(mutedUntil ? { mutedUntil } : {}) };
}

export function toOwnRoom({ room, role, mutedUntil }: MyRoom, { lastRead }: ReadMark, unread: Unread): OwnRoom {
  return { room, role, lastRead, ...unread, ...(mutedUntil ? { mutedUntil } : {}) };
}
