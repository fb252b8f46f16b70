import type { Room, RoomRole } from '../../protocol/types';
import { isLoadedSince, type Timeline } from './timeline';

/** What a member has not read: messages of others, and those of them that name the member. */
export interface Unread {
  unread: number;
  mentions: number;
}

/** One of this user's rooms. */
export interface MyRoom {
  room: Room;
  role: RoomRole;
  lastRead: number;
  /** Until when this user may only read. */
  mutedUntil?: string;
  /** What the server counted, and up to which number. */
  serverCount: Unread & { head: number };
}

export const nothingUnread: Unread = { unread: 0, mentions: 0 };

/** What came after the last read message. */
export function countUnread(mine: MyRoom, timeline: Timeline): Unread {
  const complete = timeline.cursor.kind === 'at' && isLoadedSince(timeline, mine.lastRead);
  if (complete) return countAfter(timeline, mine.lastRead);
  const since = countAfter(timeline, Math.max(mine.serverCount.head, mine.lastRead));
  return { unread: mine.serverCount.unread + since.unread, mentions: mine.serverCount.mentions + since.mentions };
}

function countAfter(timeline: Timeline, seq: number): Unread {
  const { messages, me } = timeline;
  const count = { unread: 0, mentions: 0 };
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message === undefined || message.seq <= seq) break;
    if (message.kind !== 'text' || message.author.id === me || message.deletedAt !== undefined) continue;
    count.unread += 1;
    if (message.mentions.includes(me)) count.mentions += 1;
  }
  return count;
}
