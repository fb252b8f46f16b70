import type { ReadMark } from './readMarks';
import { isLoadedSince, type Timeline } from './timeline';

/** The unread messages of other users, and how many of them mention the user and are not by blocked users. */
export interface Unread {
  unread: number;
  mentions: number;
}

export const nothingUnread: Unread = { unread: 0, mentions: 0 };

/** Counts the messages after the last read one. What is not loaded comes from the server's count. */
export function countUnread({ lastRead, serverCount }: ReadMark, timeline: Timeline): Unread {
  const complete = timeline.cursor.kind === 'at' && isLoadedSince(timeline, lastRead);
  if (complete) return countAfter(timeline, lastRead);
  const since = countAfter(timeline, Math.max(serverCount.head, lastRead));
  return { unread: serverCount.unread + since.unread, mentions: serverCount.mentions + since.mentions };
}

/** Counts the loaded messages of others after a number and, if `upTo` is set, not after another one. */
export function countAfter({ messages, me, blocked }: Pick<Timeline, 'messages' | 'me' | 'blocked'>, seq: number, upTo = Number.POSITIVE_INFINITY): Unread {
  const count = { unread: 0, mentions: 0 };
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i];
    if (message === undefined || message.seq <= seq) break;
    if (message.seq > upTo || message.kind !== 'text' || message.author.id === me || message.deletedAt !== undefined) continue;
    count.unread += 1;
    if (message.mentions.includes(me) && !blocked.has(message.author.id)) count.mentions += 1;
  }
  return count;
}
