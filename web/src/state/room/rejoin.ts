import type { Room } from '../../protocol/types';

type Entrance = Pick<Room, 'private' | 'hasPassword'>;

/** Describes what a former member needs to join again. */
export function rejoinHint(room: Entrance, subject: 'you' | 'they'): string {
  const Subject = subject === 'you' ? 'You' : 'They';
  if (room.private && !room.hasPassword) return `To join again ${subject} need an invite, because this room is private and has no password.`;
  if (room.private) return `To join again ${subject} need the room's name and password, or an invite.`;
  return room.hasPassword ? `To join again ${subject} need the room's password, or an invite.` : `${Subject} can join again at any time.`;
}

/** The explanation of the option "private". */
export const PRIVATE_HINT = 'Not listed. People join with its name and password. Without a password they need an invite.';
