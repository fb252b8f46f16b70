import { useState } from 'react';
import { notificationPermission, requestNotifications } from '../../hooks/useAttention';
import { useNotificationSetting } from '../../hooks/useChatState';
import { useChat } from '../../hooks/context';

/** Turns desktop notifications on and off. */
export function NotificationsSetting() {
  const chat = useChat();
  const wish = useNotificationSetting();
  const [, setAnswered] = useState(0);
  const permission = notificationPermission();
  if (permission === 'missing') return null;
  const on = wish === 'on' && permission === 'granted';
  return (
    <section className="dialog-section" aria-labelledby="alerts-title">
      <h3 id="alerts-title">Notifications</h3>
      <div className="check">
        <input
          id="alerts"
          type="checkbox"
          checked={on}
          disabled={permission === 'denied'}
          aria-describedby="alerts-hint"
          onChange={() => {
            if (on) chat.notifications.setChoice('off');
            else void requestNotifications(chat).then(() => setAnswered((count) => count + 1));
          }}
        />
        <div>
          <label htmlFor="alerts">Notify me of mentions and direct messages</label>
          <p id="alerts-hint" className="field-hint">
            {permission === 'denied' ? 'The browser blocks notifications of this page. Allow them in its settings for this site.' : 'While no tab of Chillin has the focus. Quiet rooms show none.'}
          </p>
        </div>
      </div>
    </section>
  );
}
