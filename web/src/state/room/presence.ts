import type { PresenceUpdate, Status } from '../../protocol/types';
import type { Store } from '../store';

/** The online users of a room. It is unknown while the connection or the presence service is unavailable. */
export type Presence = { kind: 'unknown' } | { kind: 'known'; users: ReadonlyMap<number, Status> };

export const unknownPresence: Presence = { kind: 'unknown' };

export function presenceOf(online: readonly number[]): Presence {
  return { kind: 'known', users: new Map(online.map((id) => [id, 'online'])) };
}

export function applyPresence(presence: Presence, update: PresenceUpdate): Presence {
  const users = new Map(presence.kind === 'known' ? presence.users : []);
  for (const { userId, status } of update.users) {
    if (status === 'offline') users.delete(userId);
    else users.set(userId, status);
  }
  return { kind: 'known', users };
}

export function statusOf(presence: Presence, userId: number): Status {
  return presence.kind === 'unknown' ? 'unknown' : (presence.users.get(userId) ?? 'offline');
}

export function onlineCount(presence: Presence): number | undefined {
  if (presence.kind === 'unknown') return undefined;
  const known = [...presence.users.values()];
  return known.some((status) => status === 'unknown') ? undefined : known.length;
}

/** Returns the status of a user that is online in one of the rooms; undefined for any other user, whose status is not known. */
export function onlineStatus(rooms: Iterable<{ presence: Store<Presence> }>, userId: number): Status | undefined {
  for (const { presence } of rooms) {
    const online = presence.getSnapshot();
    const status = online.kind === 'known' ? online.users.get(userId) : undefined;
    if (status !== undefined) return status;
  }
  return undefined;
}
