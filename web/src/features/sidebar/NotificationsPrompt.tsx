import { useState } from 'react';
import { notificationPermission, requestNotifications } from '../../hooks/useAttention';
import { useNotificationSetting } from '../../hooks/useChatState';
import { useChat } from '../../hooks/context';
import { useSelect } from '../../hooks/useStore';
import styles from './NotificationsPrompt.module.css';

/** Offers notifications after the first mention or direct message. */
export function NotificationsPrompt() {
  const chat = useChat();
  const wish = useNotificationSetting();
  const called = useSelect(chat.notifications.latest, (call) => call !== undefined);
  const [asked, setAsked] = useState(false);
  // Reading the permission is slow in some browsers: check it last.
  if (!called || asked || wish !== 'unasked' || ['missing', 'denied'].includes(notificationPermission())) return null;
  return (
    <section className={styles.prompt} aria-label="Notifications">
      <p>Show notifications of mentions and direct messages?</p>
      <button type="button" className="link" onClick={() => void requestNotifications(chat).then(() => setAsked(true))}>
        Turn on
      </button>
      <button type="button" className="link quiet" onClick={() => chat.notifications.setChoice('off')}>
        No, thanks
      </button>
    </section>
  );
}
