import { useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Administration } from '../../state/admin/administration';

/** The warnings of /health/ready, each with what to do. */
const warningTexts: Record<string, string> = {
  untrusted_proxy:
    'The server receives requests through a proxy that it does not trust. Everybody behind it shares one address and its limits. If it is your proxy, set TRUST_PROXY to its address; the log names it.',
  second_node_without_redis:
    'Several servers use one database without Redis. Messages arrive late between them. Set REDIS_URL on all of them, or stop all but one.',
};

/** Shows what the operator of the server should correct. */
export function AdminWarnings({ administration }: { administration: Administration }) {
  const online = useOnline();
  const node = useStore(administration.node);

  useEffect(() => {
    void administration.loadNode();
  }, [administration, online]);

  return node?.warnings.map((warning) => (
    <p key={warning} className="form-warning" role="alert">
      {warningTexts[warning] ?? `The server reports: ${warning}.`}
    </p>
  ));
}

/** Shows which build of Chillin the server is. */
export function AdminVersion({ administration }: { administration: Administration }) {
  const node = useStore(administration.node);
  if (node?.version === undefined) return null;
  return (
    <p className="admin-version">
      Chillin {node.version} ({node.commit})
    </p>
  );
}
