import { useEffect } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import { describeAllowance } from '../../state/outbox/uploadAllowance';

/** The remaining upload allowance. */
export function Uploads() {
  const chat = useChat();
  const online = useOnline();
  const allowance = useStore(chat.uploadAllowance.state);

  // Loads again after a reconnect.
  useEffect(() => {
    void chat.uploadAllowance.load();
  }, [chat, online]);

  if (allowance === undefined) return null;
  return (
    <section className="dialog-section" aria-labelledby="uploads-title">
      <h3 id="uploads-title">Uploads</h3>
      <p className="row-facts">{describeAllowance(allowance)}</p>
    </section>
  );
}
