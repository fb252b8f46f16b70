import { useCallback, useEffect } from 'react';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { usePolling } from '../../hooks/usePolling';
import { adminHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Connection } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { formatAge } from '../../state/admin/age';
import { deviceName } from '../../state/sessions';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { fullDate } from '../../ui/dates';
import { EmptyState } from '../../ui/EmptyState';
import { Pager } from '../../ui/Pager';
import styles from './Admin.module.css';
import { currentItems } from '../../state/pagedResource';

const POLL_MS = 5_000;
const PAGE_SIZE = 100;

/** The open connections of all nodes. */
export function AdminConnections({ administration, userId }: { administration: Administration; userId: number | undefined }) {
  const { connections } = administration;
  const online = useOnline();
  const state = useStore(connections.state);
  const silent = useStore(administration.nonResponding);

  useEffect(() => {
    void connections.query(userId);
  }, [connections, userId, online]);

  // A refresh drops further pages: do not refresh once they are loaded.
  const refresh = useCallback(() => {
    const now = connections.state.getSnapshot();
    if (now.kind === 'ready' && now.items.length <= PAGE_SIZE) void connections.refresh();
  }, [connections]);
  usePolling(POLL_MS, refresh);

  return (
    <>
      {userId !== undefined && (
        <p className="scope">
          Only those of one user. <a href={adminHref('connections')}>Show all</a>
        </p>
      )}
      {silent > 0 && currentItems(state).length > 0 && (
        <p className="form-warning" role="status">
          {silent === 1 ? 'One node does not answer: its connections are missing.' : `${silent} nodes do not answer: their connections are missing.`}
        </p>
      )}
      <Pager
        pages={connections}
        state={state}
        of="connections"
        avatars
        empty={<EmptyState icon="link" title={userId === undefined ? 'There are no connections' : 'This user is not connected'} />}
        onRetry={() => void connections.query(userId)}
      >
        {(connection) => (
          <li key={connection.id}>
            <ConnectionRow connection={connection} onClose={() => administration.closeConnection(connection.id)} />
          </li>
        )}
      </Pager>
    </>
  );
}

function ConnectionRow({ connection, onClose }: { connection: Connection; onClose: () => Promise<void> }) {
  const { user, node, address, userAgent, connectedAt, rooms } = connection;
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();
  const device = deviceName(userAgent);
  return (
    <div className="row">
      <Avatar person={user} />
      <div className="row-text">
        <p className={styles.name}>
          <span className="row-title">{nameOf(user)}</span> <span className={styles.username}>@{user.username}</span>
          {user.id === me.id && <span className="tag">You</span>}
        </p>
        <p className="row-facts">
          <time dateTime={connectedAt} title={fullDate(connectedAt)}>
            {formatAge(connectedAt)}
          </time>{' '}
          · <span title={userAgent}>{device}</span> · {address} · {node} · {rooms.length === 1 ? '1 room' : `${rooms.length} rooms`}
        </p>
        <ActionError action={action} />
      </div>
      <button
        type="button"
        className="button"
        aria-label={`Close the connection of ${nameOf(user)}, ${device}, ${address}`}
        title="The client may reconnect"
        disabled={!online || action.kind === 'busy'}
        onClick={() => void run(onClose)}
      >
        {action.kind === 'busy' ? 'Closing…' : 'Close'}
      </button>
    </div>
  );
}
