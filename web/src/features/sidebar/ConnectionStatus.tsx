import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useConnection } from '../../hooks/useChatState';
import type { ConnectionState } from '../../transport/socket';
import { classNames } from '../../ui/classNames';
import styles from './ConnectionStatus.module.css';

const SHOW_AFTER_MS = 1_000;

/** The state of the connection. */
export function ConnectionStatus() {
  const chat = useChat();
  const state = useConnection();
  return (
    <div className={classNames(styles.status, state.kind !== 'disconnected' && styles[state.kind])}>
      <span className={styles.dot} aria-hidden="true" />
      <span role="status">{connectionLabel(state)}</span>
      {(state.kind === 'failed' || state.kind === 'reconnecting') && (
        <button type="button" className="link" onClick={() => chat.retryConnection()}>
          {state.kind === 'failed' ? 'Try again' : 'Now'}
        </button>
      )}
    </div>
  );
}

/** Shows connection problems above the conversation on a phone, where the sidebar is hidden. */
export function ConnectionBar() {
  const state = useConnection();
  const [visible, setVisible] = useState(false);
  const hasProblem = state.kind === 'reconnecting' || state.kind === 'failed';

  // A short interruption does not show the bar, which moves the page.
  useEffect(() => {
    if (!hasProblem) return undefined;
    const timer = setTimeout(() => setVisible(true), SHOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      setVisible(false);
    };
  }, [hasProblem]);

  return <div className={styles.bar}>{hasProblem && visible && <ConnectionStatus />}</div>;
}

export function connectionLabel(state: ConnectionState): string {
  switch (state.kind) {
    case 'disconnected':
      return 'Not connected';
    case 'connecting':
      return 'Connecting…';
    case 'connected':
      return 'Connected';
    case 'reconnecting':
      return navigator.onLine ? 'Reconnecting…' : 'You are offline';
    case 'failed':
      return state.reason ?? 'No connection';
  }
}
