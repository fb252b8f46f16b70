import { useCallback, useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { usePolling } from '../../hooks/usePolling';
import type { RoomSession } from '../../state/room/session';
import { Webhooks as State } from '../../state/webhooks';
import { Incoming } from './IncomingWebhooks';
import { Outgoing } from './OutgoingWebhooks';

/** How often one looks how receivers do. */
const LOOK_MS = 5_000;

/** A room's ways to and from programs, for its admins. */
export function Webhooks({ session }: { session: RoomSession }) {
  const chat = useChat();
  const online = useOnline();
  const [webhooks] = useState(
    () =>
      new State(chat.rest, session.id, () => {
        const { cursor } = session.timeline.getSnapshot();
        return cursor.kind === 'at' ? cursor.seq : 0;
      }),
  );

  useEffect(() => {
    void webhooks.incoming.load();
    void webhooks.outgoing.load();
  }, [webhooks, online]);

  const look = useCallback(() => {
    if (webhooks.outgoing.state.getSnapshot().kind === 'ready') void webhooks.outgoing.load();
  }, [webhooks]);
  usePolling(LOOK_MS, look);

  return (
    <>
      <Incoming webhooks={webhooks} />
      <Outgoing webhooks={webhooks} />
    </>
  );
}
