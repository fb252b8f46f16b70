import type { Room, RoomRole } from '../protocol/types';
import type { Timeline } from './timeline';

/** One of this user's rooms. */
export interface MyRoom {
  room: Room;
  role: RoomRole;
  lastRead: number;
  /** What the server counted, and up to which number. */
  counted: { unread: number; head: number };
}

/** How many messages of others came after the last read one. */
export function unreadIn(mine: MyRoom, timeline: Timeline): number {
  const first = timeline.messages[0];
  const complete = timeline.cursor.kind === 'at' && (!timeline.hasOlder || (first !== undefined && first.seq <= mine.lastRead + 1));
  if (complete) return countAfter(timeline, mine.lastRead);
  return mine.counted.unread + countAfter(timeline, Math.max(mine.counted.head, mine.lastRead));
}

function countAfter(timeline: Timeline, seq: number): number {
  const { messages, me } = timeline;
  let count = 0;
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message === undefined || message.seq <= seq) break;
    if (message.kind === 'text' && message.author.id !== me && message.deletedAt === undefined) count++;
  }
  return count;
}
