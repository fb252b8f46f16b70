import { useState } from 'react';
import { alertPermission, askForAlerts } from '../hooks/useAttention';
import { useAlertWish } from '../hooks/useChatState';
import { useChat } from '../hooks/context';
import { useSelect } from '../hooks/useStore';

/** After the first call, and not before, one is asked whether to be told of such. */
export function AlertsOffer() {
  const chat = useChat();
  const wish = useAlertWish();
  const called = useSelect(chat.alerts.call, (call) => call !== undefined);
  const [asked, setAsked] = useState(false);
  // The browser takes its time to tell the permission: it is asked last.
  if (!called || asked || wish !== 'unasked' || ['missing', 'denied'].includes(alertPermission())) return null;
  return (
    <section className="offer" aria-label="Notifications">
      <p>Be told of mentions and direct messages when you are elsewhere?</p>
      <button type="button" className="link" onClick={() => void askForAlerts(chat).then(() => setAsked(true))}>
        Tell me
      </button>
      <button type="button" className="link quiet" onClick={() => chat.alerts.want('off')}>
        No, thanks
      </button>
    </section>
  );
}

/** The same in the settings, to be changed at any time. */
export function AlertsChoice() {
  const chat = useChat();
  const wish = useAlertWish();
  const [, setAnswered] = useState(0);
  const permission = alertPermission();
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
            if (on) chat.alerts.want('off');
            else void askForAlerts(chat).then(() => setAnswered((count) => count + 1));
          }}
        />
        <div>
          <label htmlFor="alerts">Tell me of mentions and direct messages</label>
          <p id="alerts-hint" className="field-hint">
            {permission === 'denied' ? 'Your browser does not let this page. Its settings for this site can change that.' : 'When no tab of yours is in front. Rooms that you made quiet stay quiet.'}
          </p>
        </div>
      </div>
    </section>
  );
}
