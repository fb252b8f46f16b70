import { otherMember, roomTitle } from './room/direct';
import { normalize } from './room/mentions';
import type { MyRoom } from './room/myRoom';
import type { Unread } from './room/unread';

/** What the sidebar shows, in its order: rooms by name, then people, whoever spoke last first. */
export function sidebarOrder(rooms: readonly MyRoom[], lastSaid: ReadonlyMap<number, number>): { rooms: MyRoom[]; people: MyRoom[] } {
  const said = ({ room }: MyRoom) => lastSaid.get(room.id) ?? Date.parse(room.createdAt);
  return {
    rooms: rooms.filter(({ room }) => !room.direct),
    people: rooms.filter(({ room }) => room.direct).toSorted((a, b) => said(b) - said(a)),
  };
}

/** The room before (-1) or after (1) one, round and round; among all, or those with something unread. */
export function adjacentRoom(ids: readonly number[], from: number | undefined, step: 1 | -1): number | undefined {
  const at = from === undefined ? -1 : ids.indexOf(from);
  if (at < 0) return step > 0 ? ids[0] : ids.at(-1);
  const next = ids[(at + step + ids.length) % ids.length];
  return next === from ? undefined : next;
}

const MAX_RESULTS = 9;

/**
 * Where somebody may want to go who has written so much of a name: to what calls
 * them or is unread, then where they were last; but first to what begins as written.
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
    const called = mentions > 0 || (count > 0 && mine.room.direct) ? 3_000 : count > 0 ? 2_000 : 0;
    return (wanted !== '' && begins ? 20_000 : within ? 10_000 : 0) + called + (last < 0 ? 0 : Math.max(1, 1_000 - last));
  };
  return rooms
    .filter(({ room }) => room.id !== here)
    .map((mine) => ({ mine, rank: rank(mine) }))
    .filter((one) => one.rank >= 0)
    .toSorted((a, b) => b.rank - a.rank)
    .slice(0, MAX_RESULTS)
    .map(({ mine }) => mine);
}
