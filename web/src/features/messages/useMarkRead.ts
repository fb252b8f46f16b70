import { useEffect } from 'react';
import { useChat } from '../../hooks/context';
import { useStore } from '../../hooks/useStore';
import type { RoomSession } from '../../state/room/session';

/** Marks the room as read while the list is at the bottom and the window has the focus. */
export function useMarkRead(session: RoomSession, atBottom: boolean) {
  const chat = useChat();
  const timeline = useStore(session.timeline);
  useEffect(() => {
    const markIfSeen = () => {
      if (atBottom && document.visibilityState === 'visible' && document.hasFocus()) chat.rooms.markRead(session.id);
    };
    markIfSeen();
    window.addEventListener('focus', markIfSeen);
    document.addEventListener('visibilitychange', markIfSeen);
    return () => {
      window.removeEventListener('focus', markIfSeen);
      document.removeEventListener('visibilitychange', markIfSeen);
    };
  }, [chat, session, timeline, atBottom]);
}
