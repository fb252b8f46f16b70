import type { Author, Room } from '../../protocol/types';

/** Whom a direct room is with; undefined in every other room. */
export function otherMember(room: Room, me: number): Author | undefined {
  return room.direct ? room.with?.find(({ id }) => id !== me) : undefined;
}

/** What a room is called to one of its members: a direct one by the other. */
export function roomTitle(room: Room, me: number): string {
  const other = otherMember(room, me);
  return other === undefined ? room.name : other.displayName || other.username;
}

/** The room with somebody as they are called now. */
export function withMember(room: Room, person: Author): Room {
  if (!room.with?.some(({ id }) => id === person.id)) return room;
  return { ...room, with: room.with.map((one) => (one.id === person.id ? person : one)) };
}
