import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useConnection } from '../../hooks/useChatState';
import type { ConnectionState } from '../../transport/socket';
import { classNames } from '../../ui/classNames';
import styles from './ConnectionStatus.module.css';

const HICCUP_MS = 1_000;

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
  const [settled, setSettled] = useState(false);
  const trouble = state.kind === 'reconnecting' || state.kind === 'failed';

  // A short interruption does not show the bar, which moves the page.
  useEffect(() => {
    if (!trouble) return undefined;
    const timer = setTimeout(() => setSettled(true), HICCUP_MS);
    return () => {
      clearTimeout(timer);
      setSettled(false);
    };
  }, [trouble]);

  return <div className={styles.bar}>{trouble && settled && <ConnectionStatus />}</div>;
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
