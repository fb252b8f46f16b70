import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { type Item, type SeqRange, seqsOf } from '../../state/room/items';
import type { RoomSession } from '../../state/room/session';
import { isLoadedSince, type Timeline } from '../../state/room/timeline';
import { countAfter } from '../../state/room/unread';

/** A message of which this much is on the screen is seen. */
const SEEN_PX = 32;

interface Displayed {
  scroller: RefObject<HTMLElement | null>;
  /** The rows are its children. */
  content: RefObject<HTMLElement | null>;
  /** The items of the rows. */
  shown: readonly Item[];
  timeline: Timeline;
  /** The list is at the newest message of the room. */
  atEnd: boolean;
}

/**
 * Marks what is on the screen as read. It returns a function to call after scrolling,
 * and whether there are unread messages above that were never on the screen.
 */
export function useMarkRead(session: RoomSession, displayed: Displayed): { onScroll: () => void; skipped: boolean } {
  const { reading } = useChat().rooms;
  const [skipped, setSkipped] = useState(false);
  const current = useRef(displayed);

  const mark = useCallback(() => {
    const { timeline, atEnd } = current.current;
    const last = timeline.messages.at(-1)?.seq;
    if (session.cursor > reading.mark(session.id).lastRead) {
      const range = rangeOnScreen(current.current);
      if (range !== undefined) reading.markSeen(session, { from: range.from, to: atEnd && range.to === last ? session.cursor : range.to, timeline });
      setSkipped(range !== undefined && isUnreadBefore(timeline, reading.mark(session.id).lastRead, range.from));
    } else {
      setSkipped(false);
    }
  }, [session, reading]);

  useEffect(() => {
    current.current = displayed;
    session.setView(displayed.atEnd ? 'end' : 'elsewhere');
    mark();
  });

  useEffect(() => {
    window.addEventListener('focus', mark);
    document.addEventListener('visibilitychange', mark);
    return () => {
      window.removeEventListener('focus', mark);
      document.removeEventListener('visibilitychange', mark);
      session.setView('none');
    };
  }, [session, mark]);

  return { onScroll: mark, skipped };
}

function isUnreadBefore(timeline: Timeline, lastRead: number, seq: number): boolean {
  if (seq <= lastRead + 1) return false;
  return !isLoadedSince(timeline, lastRead) || countAfter(timeline, lastRead, seq - 1).unread > 0;
}

/** Returns the numbers of the first and last message on the screen. */
function rangeOnScreen({ scroller, content, shown }: Displayed): SeqRange | undefined {
  if (scroller.current === null || content.current === null) return undefined;
  const { top, bottom } = scroller.current.getBoundingClientRect();
  const rows = content.current.children;
  let range: SeqRange | undefined;
  for (let i = rows.length - 1; i >= 0; i--) {
    const item = shown[i];
    const seqs = item && seqsOf(item);
    const row = rows[i]?.getBoundingClientRect();
    if (row === undefined || seqs === undefined) continue;
    const part = Math.min(SEEN_PX, row.height);
    if (row.top + part > bottom) continue;
    if (row.bottom - part < top || row.height === 0) break;
    range = { from: seqs.from, to: range?.to ?? seqs.to };
  }
  return range;
}
