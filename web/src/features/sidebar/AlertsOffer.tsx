import { useState } from 'react';
import { alertPermission, askForAlerts } from '../../hooks/useAttention';
import { useAlertWish } from '../../hooks/useChatState';
import { useChat } from '../../hooks/context';
import { useSelect } from '../../hooks/useStore';

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
