import type { Message, RoomRole } from '../../protocol/types';

/** The roles of a room, from the least. The server decides; this is what to offer. */
const rank: Record<RoomRole, number> = { member: 1, moderator: 2, admin: 3, owner: 4 };

type Permission = 'change room' | 'delete room' | 'change role' | 'remove member' | 'delete others' | 'hand over' | 'moderate';

const minRole: Record<Permission, RoomRole> = {
  'change room': 'admin',
  'delete room': 'owner',
  'change role': 'admin',
  'remove member': 'moderator',
  'delete others': 'moderator',
  'hand over': 'owner',
  moderate: 'moderator',
};

export function can(role: RoomRole, deed: Permission): boolean {
  return rank[role] >= rank[minRole[deed]];
}

/** A role acts only upon lower ones. */
export function outranks(role: RoomRole, other: RoomRole): boolean {
  return rank[role] > rank[other];
}

/** What one member may make of another. */
export function assignableRoles(by: RoomRole, target: RoomRole): RoomRole[] {
  if (!can(by, 'change role') || !outranks(by, target)) return [];
  return (['member', 'moderator', 'admin'] as const).filter((role) => role !== target && outranks(by, role));
}

export function canRemove(by: RoomRole, target: RoomRole): boolean {
  return can(by, 'remove member') && outranks(by, target);
}

export function canEdit(me: number, { kind, author, deletedAt }: Message): boolean {
  return kind === 'text' && author.id === me && deletedAt === undefined;
}

export function canDelete(me: number, role: RoomRole, message: Message): boolean {
  const { kind, author, deletedAt } = message;
  return kind === 'text' && deletedAt === undefined && (author.id === me || can(role, 'delete others'));
}
