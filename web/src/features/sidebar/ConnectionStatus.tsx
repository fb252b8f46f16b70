import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useConnection } from '../../hooks/useChatState';
import type { ConnectionState } from '../../transport/socket';
import { classNames } from '../../ui/classNames';
import styles from './ConnectionStatus.module.css';

/** A short interruption shows nothing, because the row moves the page. */
const SHOW_AFTER_MS = 1_000;
const SHOW_RECOVERY_MS = 3_000;

/** What is visible: nothing, a problem, or for a moment that it is over. */
type Phase = 'hidden' | 'problem' | 'recovered';

/** The state of the connection. Screen readers always have it; it is visible while there is a problem, and shortly after. */
export function ConnectionStatus() {
  const state = useConnection();
  const phase = usePhase(state);
  return (
    <div className={phase === 'hidden' ? 'sr-only' : classNames(styles.status, state.kind !== 'disconnected' && styles[state.kind])}>
      <span className={styles.dot} aria-hidden="true" />
      <span role="status">{connectionLabel(state)}</span>
      {phase !== 'hidden' && <RetryButton state={state} />}
    </div>
  );
}

/** Shows connection problems above the conversation on a phone, where the sidebar is hidden. */
export function ConnectionBar() {
  const state = useConnection();
  const phase = usePhase(state);
  return (
    <div className={styles.bar}>
      <div className={phase === 'problem' ? classNames(styles.status, state.kind !== 'disconnected' && styles[state.kind]) : 'sr-only'}>
        <span className={styles.dot} aria-hidden="true" />
        <span role="status">
          {phase === 'problem' && connectionLabel(state)}
          {phase === 'recovered' && 'Connected again'}
        </span>
        {phase === 'problem' && <RetryButton state={state} />}
      </div>
    </div>
  );
}

function RetryButton({ state }: { state: ConnectionState }) {
  const chat = useChat();
  if (state.kind !== 'failed' && state.kind !== 'reconnecting') return null;
  return (
    <button type="button" className="link" onClick={() => chat.retryConnection()}>
      {state.kind === 'failed' ? 'Try again' : 'Now'}
    </button>
  );
}

function usePhase({ kind }: ConnectionState): Phase {
  const [visible, setVisible] = useState(false);
  const connected = kind === 'connected';
  useEffect(() => {
    const timer = setTimeout(() => setVisible(!connected), connected ? SHOW_RECOVERY_MS : SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [connected]);
  if (!visible) return 'hidden';
  return connected ? 'recovered' : 'problem';
}

function connectionLabel(state: ConnectionState): string {
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
