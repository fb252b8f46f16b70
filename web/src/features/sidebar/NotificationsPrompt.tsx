import { useState } from 'react';
import { notificationPermission, requestNotifications } from '../../hooks/useAttention';
import { useNotificationSetting } from '../../hooks/useChatState';
import { useChat } from '../../hooks/context';
import { useSelect } from '../../hooks/useStore';
import styles from './NotificationsPrompt.module.css';

/** After the first call, and not before, one is asked whether to be told of such. */
export function NotificationsPrompt() {
  const chat = useChat();
  const wish = useNotificationSetting();
  const called = useSelect(chat.notifications.latest, (call) => call !== undefined);
  const [asked, setAsked] = useState(false);
  // The browser takes its time to tell the permission: it is asked last.
  if (!called || asked || wish !== 'unasked' || ['missing', 'denied'].includes(notificationPermission())) return null;
  return (
    <section className={styles.prompt} aria-label="Notifications">
      <p>Be told of mentions and direct messages when you are elsewhere?</p>
      <button type="button" className="link" onClick={() => void requestNotifications(chat).then(() => setAsked(true))}>
        Tell me
      </button>
      <button type="button" className="link quiet" onClick={() => chat.notifications.setChoice('off')}>
        No, thanks
      </button>
    </section>
  );
}
