import { useEffect } from 'react';
import type { Chat } from '../state/chat';
import type { MessageNotification } from '../state/notifications';
import { useChat } from './context';
import { useUnreadTotals } from './useChatState';
import { goTo, roomHref } from './useRoute';

const QUIET_ICON = '/favicon.svg';
const UNREAD_ICON = '/favicon-unread.svg';
const MENTION_ICON = '/favicon-called.svg';

/** Shows unread messages in the title and the icon of the tab, and by notifications. */
export function useAttention(): void {
  const chat = useChat();
  const { unread, calls } = useUnreadTotals();

  useEffect(() => {
    const count = calls > 0 ? `(@${calls}) ` : unread > 0 ? `(${unread}) ` : '';
    document.title = `${count}Chillin`;
    document.querySelector('link[rel=icon]')?.setAttribute('href', calls > 0 ? MENTION_ICON : unread > 0 ? UNREAD_ICON : QUIET_ICON);
  }, [unread, calls]);

  useEffect(
    () =>
      chat.notifications.latest.subscribe(() => {
        const call = chat.notifications.latest.getSnapshot();
        if (call !== undefined) void notify(chat, call);
      }),
    [chat],
  );
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
