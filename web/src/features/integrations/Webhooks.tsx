import { useCallback, useEffect } from 'react';
import { useWebhooks } from '../../hooks/useIntegrations';
import { useOnline } from '../../hooks/useChatState';
import { usePolling } from '../../hooks/usePolling';
import type { RoomSession } from '../../state/room/session';
import { IncomingWebhooks } from './IncomingWebhooks';
import { OutgoingWebhooks } from './OutgoingWebhooks';

/** The interval at which the delivery state is read again. */
const POLL_MS = 5_000;

/** The webhooks of a room, for its admins. */
export function Webhooks({ session }: { session: RoomSession }) {
  const online = useOnline();
  const webhooks = useWebhooks(session);

  useEffect(() => {
    void webhooks.incoming.load();
    void webhooks.outgoing.load();
  }, [webhooks, online]);

  const refresh = useCallback(() => {
    if (webhooks.outgoing.state.getSnapshot().kind === 'ready') void webhooks.outgoing.load();
  }, [webhooks]);
  usePolling(POLL_MS, refresh);

  return (
    <>
      <IncomingWebhooks webhooks={webhooks} />
      <OutgoingWebhooks webhooks={webhooks} />
    </>
  );
}
