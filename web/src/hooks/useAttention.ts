import { useEffect } from 'react';
import type { Chat } from '../state/chat';
import type { MessageNotification } from '../state/notifications';
import { useChat } from './context';
import { useUnreadTotals } from './useChatState';
import { goTo, roomHref } from './useRoute';

const QUIET_ICON = '/favicon.svg';
const UNREAD_ICON = '/favicon-unread.svg';
const CALLED_ICON = '/favicon-called.svg';

/** Tells of what is unread where the page is not looked at: in the tab's title and picture, and by notifications. */
export function useAttention(): void {
  const chat = useChat();
  const { unread, calls } = useUnreadTotals();

  useEffect(() => {
    const count = calls > 0 ? `(@${calls}) ` : unread > 0 ? `(${unread}) ` : '';
    document.title = `${count}Chillin`;
    document.querySelector('link[rel=icon]')?.setAttribute('href', calls > 0 ? CALLED_ICON : unread > 0 ? UNREAD_ICON : QUIET_ICON);
  }, [unread, calls]);

  useEffect(
    () =>
      chat.notifications.latest.subscribe(() => {
        const call = chat.notifications.latest.getSnapshot();
        if (call !== undefined) void tell(chat, call);
      }),
    [chat],
  );
}

/** Whether the browser lets a page tell its user of something; 'missing' also on pages without TLS. */
export function notificationPermission(): NotificationPermission | 'missing' {
  return 'Notification' in window ? Notification.permission : 'missing';
}

/** Asks the browser; only ever from a click. */
export async function requestNotifications(chat: Chat): Promise<void> {
  const answer = await Notification.requestPermission();
  // Who closes the question without an answer has not said no.
  if (answer !== 'default') chat.notifications.setChoice(answer === 'granted' ? 'on' : 'off');
}

async function tell(chat: Chat, { messageId, roomId, title, text }: MessageNotification): Promise<void> {
  if (chat.notifications.choice.getSnapshot() !== 'on' || notificationPermission() !== 'granted' || (await chat.isFocused())) return;
  try {
    // Several tabs tell of the same message once: the tag makes them one.
    const notification = new Notification(title, { body: text, tag: `chillin-${messageId}`, icon: QUIET_ICON });
    notification.addEventListener('click', () => {
      window.focus();
      goTo(roomHref(roomId));
      notification.close();
    });
  } catch {
    // Phones let only installed pages do it.
  }
}
