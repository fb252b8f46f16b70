import { useEffect } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import { describeAllowance } from '../../state/outbox/uploadAllowance';

/** How much the user may still upload. */
export function Uploads() {
  const chat = useChat();
  const online = useOnline();
  const allowance = useStore(chat.uploadAllowance.state);

  // Asks again when the connection is back.
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
