import { useEffect } from 'react';
import type { Chat } from '../state/chat';
import type { MessageNotification } from '../state/notifications';
import { useChat } from './context';
import { otherMember, roomTitle } from '../state/room/direct';
import { goTo, type Route, roomHref } from './useRoute';

/** The titles of pages that are no room. */
const pageTitles: Record<Exclude<Route['kind'], 'room'>, string> & { room?: undefined } = { home: '', find: 'Find rooms', search: 'Search', admin: 'Administration', settings: 'Settings' };

const QUIET_ICON = '/favicon.svg';
const UNREAD_ICON = '/favicon-unread.svg';
const MENTION_ICON = '/favicon-called.svg';

const SERVER_NAME = 'Chillin';

/** Shows the page and the unread messages in the title and the icon of the tab, and by notifications. It does not wait for a frame: a hidden page draws none. */
export function useAttention(route: Route): void {
  const chat = useChat();
  const roomId = route.kind === 'room' ? route.id : undefined;
  const { kind } = route;

  useEffect(() => {
    const show = () => {
      const { unread, calls } = unreadTotals(chat);
      const page = roomId === undefined ? pageTitles[kind] : titleOf(chat, roomId);
      document.title = [unread > 0 && `(${unread})`, page && `${page} ·`, SERVER_NAME].filter(Boolean).join(' ');
      document.querySelector('link[rel=icon]')?.setAttribute('href', calls > 0 ? MENTION_ICON : unread > 0 ? UNREAD_ICON : QUIET_ICON);
    };
    show();
    const stops = [chat.rooms.unread, chat.rooms.state, chat.notifications.mutedRooms, chat.blocks.ids].map((store) => store.subscribe(show));
    return () => {
      for (const stop of stops) stop();
    };
  }, [chat, kind, roomId]);

  useEffect(
    () =>
      chat.notifications.latest.subscribe(() => {
        const call = chat.notifications.latest.getSnapshot();
        if (call !== undefined) void notify(chat, call);
      }),
    [chat],
  );
}

/** Returns "#room", or the name of the other person of a direct room. */
function titleOf(chat: Chat, roomId: number): string | undefined {
  const room = chat.rooms.get(roomId)?.room;
  if (room === undefined) return undefined;
  const title = roomTitle(room, chat.profile.id);
  return room.direct ? title : `#${title}`;
}

/** Returns the unread messages of all rooms, and the mentions and direct messages among them. In quiet rooms only mentions count, and nothing counts in the direct room with a blocked person. */
function unreadTotals({ rooms, notifications, blocks, profile }: Chat): { unread: number; calls: number } {
  const quiet = notifications.mutedRooms.getSnapshot();
  let unread = 0;
  let calls = 0;
  for (const [roomId, count] of rooms.unread.getSnapshot()) {
    const room = rooms.get(roomId)?.room;
    const other = room && otherMember(room, profile.id);
    if (other && blocks.has(other.id)) continue;
    const isQuiet = quiet.has(roomId);
    unread += isQuiet ? count.mentions : count.unread;
    calls += !isQuiet && room?.direct ? count.unread : count.mentions;
  }
  return { unread, calls };
}

/** Returns the notification permission; 'missing' if the browser has no notifications, or without TLS. */
export function notificationPermission(): NotificationPermission | 'missing' {
  return 'Notification' in window ? Notification.permission : 'missing';
}

/** Requests the permission. Call it from a click handler only. */
export async function requestNotifications(chat: Chat): Promise<void> {
  const answer = await Notification.requestPermission();
  // A user who dismisses the prompt has not refused.
  if (answer !== 'default') chat.notifications.setChoice(answer === 'granted' ? 'on' : 'off');
}

async function notify(chat: Chat, { messageId, roomId, title, text }: MessageNotification): Promise<void> {
  if (chat.notifications.choice.getSnapshot() !== 'on' || notificationPermission() !== 'granted' || (await chat.isFocused())) return;
  try {
    // Several tabs notify of the same message: the browser shows one notification per tag.
    const notification = new Notification(title, { body: text, tag: `chillin-${messageId}`, icon: QUIET_ICON });
    notification.addEventListener('click', () => {
      window.focus();
      goTo(roomHref(roomId));
      notification.close();
    });
  } catch {
    // On phones only installed pages can show notifications.
  }
}
