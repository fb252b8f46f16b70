import type { Message, RoomRole } from '../../protocol/types';

/** The roles of a room, from the least. The server decides; this is what to offer. */
const rank: Record<RoomRole, number> = { member: 1, moderator: 2, admin: 3, owner: 4 };

type Deed = 'change room' | 'delete room' | 'change role' | 'remove member' | 'delete others' | 'hand over' | 'moderate';

const least: Record<Deed, RoomRole> = {
  'change room': 'admin',
  'delete room': 'owner',
  'change role': 'admin',
  'remove member': 'moderator',
  'delete others': 'moderator',
  'hand over': 'owner',
  moderate: 'moderator',
};

export function may(role: RoomRole, deed: Deed): boolean {
  return rank[role] >= rank[least[deed]];
}

/** A role acts only upon lower ones. */
export function isAbove(role: RoomRole, other: RoomRole): boolean {
  return rank[role] > rank[other];
}

/** What one member may make of another. */
export function rolesToGive(by: RoomRole, target: RoomRole): RoomRole[] {
  if (!may(by, 'change role') || !isAbove(by, target)) return [];
  return (['member', 'moderator', 'admin'] as const).filter((role) => role !== target && isAbove(by, role));
}

export function mayRemove(by: RoomRole, target: RoomRole): boolean {
  return may(by, 'remove member') && isAbove(by, target);
}

export function mayEdit(me: number, { kind, author, deletedAt }: Message): boolean {
  return kind === 'text' && author.id === me && deletedAt === undefined;
}

export function mayDelete(me: number, role: RoomRole, message: Message): boolean {
  const { kind, author, deletedAt } = message;
  return kind === 'text' && deletedAt === undefined && (author.id === me || may(role, 'delete others'));
}
