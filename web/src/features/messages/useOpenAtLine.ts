import { useEffect, useRef } from 'react';
import { useStore } from '../../hooks/useStore';
import { firstUnreadItem, type Item } from '../../state/room/items';
import type { RoomSession } from '../../state/room/session';

/**
 * Scrolls to the line above new messages when missed messages arrive: after a reload
 * the page first shows what it stored, and gets the rest from the server. Messages that
 * arrive while the page is open do not move the list.
 */
export function useOpenAtLine(session: RoomSession, items: readonly Item[], wanted: boolean, openAt: (key: string) => void): void {
  const readBefore = useStore(session.readBefore);
  const placed = useRef(readBefore);
  useEffect(() => {
    if (placed.current === readBefore) return;
    placed.current = readBefore;
    const first = firstUnreadItem(items);
    if (wanted && first !== undefined && !session.changedLive) openAt(first.key);
  }, [session, items, readBefore, wanted, openAt]);
}
