import type { MyRoom } from './myRoom';
import { isLoadedSince, type Timeline } from './timeline';

/** The unread messages of other users, and how many of them mention the user. */
export interface Unread {
  unread: number;
  mentions: number;
}

export const nothingUnread: Unread = { unread: 0, mentions: 0 };

/** Counts the messages after the last read one. What is not loaded comes from the server's count. */
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
