import type { RequestState } from '../../state/resource';
import { EmptyState } from '../../ui/EmptyState';
import styles from './MessageList.module.css';

export function NewerStatus({ newer, onRetry }: { newer: RequestState; onRetry: () => void }) {
  if (newer.kind !== 'failed') return <p className={styles.older}>{newer.kind === 'loading' ? 'Loading later messages…' : ''}</p>;
  return (
    <EmptyState title="Later messages could not be loaded" action={{ label: 'Try again', run: onRetry }}>
      {newer.reason}
    </EmptyState>
  );
}

interface HistoryStartProps {
  hasOlder: boolean;
  older: RequestState;
  /** Earlier messages are loaded when the user asks for them. */
  waiting: boolean;
  roomName: string;
  onLoad: () => void;
}

export function HistoryStart({ hasOlder, older, waiting, roomName, onLoad }: HistoryStartProps) {
  if (older.kind === 'failed') {
    return (
      <EmptyState title="Earlier messages could not be loaded" action={{ label: 'Try again', run: onLoad }}>
        {older.reason}
      </EmptyState>
    );
  }
  if (hasOlder && waiting && older.kind === 'idle') {
    return (
      <p className={styles.older}>
        <button type="button" className="link" onClick={onLoad}>
          Show earlier messages
        </button>
      </p>
    );
  }
  if (hasOlder) return <p className={styles.older}>{older.kind === 'loading' ? 'Loading earlier messages…' : ''}</p>;
  return (
    <div className={styles.start}>
      <p className={styles.startTitle}>{roomName}</p>
      <p>This is where it begins. Say hello.</p>
    </div>
  );
}
