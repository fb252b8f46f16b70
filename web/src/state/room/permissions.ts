import { minRole, type Permission, roomRoles } from '../../protocol/permissions.generated';
import type { Message, RoomRole } from '../../protocol/types';

const rank = (role: RoomRole): number => roomRoles.indexOf(role);

/** Reports whether a role has a permission. The server decides; the client uses this to show or hide actions. */
export function can(role: RoomRole, permission: Permission): boolean {
  return rank(role) >= rank(minRole[permission]);
}

/** Reports whether a role is higher than another. Members act only on members with a lower role. */
export function outranks(role: RoomRole, other: RoomRole): boolean {
  return rank(role) > rank(other);
}

/** Returns the roles that a member can give to another. */
export function assignableRoles(by: RoomRole, target: RoomRole): RoomRole[] {
  if (!can(by, 'changeRole') || !outranks(by, target)) return [];
  return roomRoles.filter((role) => role !== 'owner' && role !== target && outranks(by, role));
}

export function canRemove(by: RoomRole, target: RoomRole): boolean {
  return can(by, 'removeMember') && outranks(by, target);
}

export function canEdit(me: number, { kind, author, deletedAt }: Message): boolean {
  return kind === 'text' && author.id === me && deletedAt === undefined;
}

export function canDelete(me: number, role: RoomRole, message: Message): boolean {
  const { kind, author, deletedAt } = message;
  return kind === 'text' && deletedAt === undefined && (author.id === me || can(role, 'deleteOthers'));
}
