import type { Author, Room } from '../../protocol/types';

/** Returns the other member of a direct room, or undefined for other rooms. */
export function otherMember(room: Room, me: number): Author | undefined {
  return room.direct ? room.with?.find(({ id }) => id !== me) : undefined;
}

/** Returns the title of a room: the name, or the other member's name for a direct room. */
export function roomTitle(room: Room, me: number): string {
  const other = otherMember(room, me);
  return other === undefined ? room.name : other.displayName || other.username;
}

/** Returns the room with a changed member. */
export function withMember(room: Room, person: Author): Room {
  if (!room.with?.some(({ id }) => id === person.id)) return room;
  return { ...room, with: room.with.map((one) => (one.id === person.id ? person : one)) };
}
