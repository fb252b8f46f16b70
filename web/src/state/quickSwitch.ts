import { otherMember, roomTitle } from './room/direct';
import { normalize } from './room/mentions';
import type { MyRoom } from './room/myRoom';
import type { Unread } from './room/unread';

/** Returns the order of the sidebar: rooms by name, then direct rooms by their last message, newest first. */
export function sidebarOrder(rooms: readonly MyRoom[], lastSaid: ReadonlyMap<number, number>): { rooms: MyRoom[]; people: MyRoom[] } {
  const said = ({ room }: MyRoom) => lastSaid.get(room.id) ?? Date.parse(room.createdAt);
  return {
    rooms: rooms.filter(({ room }) => !room.direct),
    people: rooms.filter(({ room }) => room.direct).toSorted((a, b) => said(b) - said(a)),
  };
}

/** Returns the room before (-1) or after (1) the current one. The list wraps around. */
export function adjacentRoom(ids: readonly number[], from: number | undefined, step: 1 | -1): number | undefined {
  const at = from === undefined ? -1 : ids.indexOf(from);
  if (at < 0) return step > 0 ? ids[0] : ids.at(-1);
  const next = ids[(at + step + ids.length) % ids.length];
  return next === from ? undefined : next;
}

const MAX_RESULTS = 9;

/**
 * Returns the rooms that match a query. A title that starts with the query is ranked
 * first. Then mentions and direct messages count, then unread messages, then the
 * time of the last visit.
 */
export function quickSwitchResults(
  rooms: readonly MyRoom[],
  query: string,
  { me, here, unread, visited }: { me: number; here: number | undefined; unread: ReadonlyMap<number, Unread>; visited: readonly number[] },
): MyRoom[] {
  const wanted = normalize(query.trim().replace(/^[#@]/, ''));
  const rank = (mine: MyRoom): number => {
    const names = [roomTitle(mine.room, me), otherMember(mine.room, me)?.username ?? ''].map(normalize);
    const begins = names.some((name) => name.startsWith(wanted));
    const within = names.some((name) => name.split(/[\s._-]+/).some((word) => word.startsWith(wanted)));
    if (!within && !names.some((name) => name.includes(wanted))) return -1;
    const { unread: count = 0, mentions = 0 } = unread.get(mine.room.id) ?? {};
    const last = visited.indexOf(mine.room.id);
    const attention = mentions > 0 || (count > 0 && mine.room.direct) ? 3_000 : count > 0 ? 2_000 : 0;
    return (wanted !== '' && begins ? 20_000 : within ? 10_000 : 0) + attention + (last < 0 ? 0 : Math.max(1, 1_000 - last));
  };
  return rooms
    .filter(({ room }) => room.id !== here)
    .map((mine) => ({ mine, rank: rank(mine) }))
    .filter((one) => one.rank >= 0)
    .toSorted((a, b) => b.rank - a.rank)
    .slice(0, MAX_RESULTS)
    .map(({ mine }) => mine);
}
