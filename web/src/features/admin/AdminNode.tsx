import { useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Administration } from '../../state/admin/administration';
import { fullDate } from '../../ui/dates';
import styles from './Admin.module.css';

/** The warnings of /health/ready, each with what to do. */
const warningTexts: Record<string, string> = {
  untrusted_proxy:
    'The server receives requests through a proxy that it does not trust. All users behind it share one address and its limits. If it is your proxy, set TRUST_PROXY to its address; the log names it.',
  second_node_without_redis:
    'Several servers use one database without Redis. Messages arrive late between them. Set REDIS_URL on all of them, or stop all but one.',
};

/** Shows what the operator of the server should correct. */
export function AdminWarnings({ administration }: { administration: Administration }) {
  const online = useOnline();
  const node = useStore(administration.nodeInfo);

  useEffect(() => {
    void administration.loadNodeInfo();
    void administration.loadServer();
  }, [administration, online]);

  return (
    <>
      {node?.warnings.map((warning) => (
        <p key={warning} className="form-warning" role="alert">
          {warningTexts[warning] ?? `The server reports: ${warning}.`}
        </p>
      ))}
      <OverdueBackup administration={administration} />
    </>
  );
}

/** Asks for a backup if there is none or the last one is old. */
function OverdueBackup({ administration }: { administration: Administration }) {
  const server = useStore(administration.server);
  if (!server?.backupOverdue) return null;
  return (
    <p className="form-warning" role="alert">
      {server.lastBackup === undefined
        ? 'There is no backup of this server.'
        : `The last backup of this server is old: ${fullDate(server.lastBackup.finishedAt)}.`}{' '}
      On the server, run <code>chillin backup FOLDER</code>, and have it run every night. Backups by other programs are not known here.
    </p>
  );
}

/** Shows when the last backup was made and what it contains. */
export function AdminBackup({ administration }: { administration: Administration }) {
  const server = useStore(administration.server);
  if (server?.lastBackup === undefined) return null;
  const { finishedAt, messages, files } = server.lastBackup;
  return (
    <p className={styles.version}>
      Last backup: <time dateTime={finishedAt}>{fullDate(finishedAt)}</time>, with {count(messages, 'message')} and {count(files, 'file')}
    </p>
  );
}

/** Shows which build of Chillin the server is. */
export function AdminVersion({ administration }: { administration: Administration }) {
  const node = useStore(administration.nodeInfo);
  if (node?.version === undefined) return null;
  return (
    <p className={styles.version}>
      Chillin {node.version} ({node.commit})
    </p>
  );
}

function count(amount: number, unit: string): string {
  return `${amount.toLocaleString()} ${unit}${amount === 1 ? '' : 's'}`;
}
