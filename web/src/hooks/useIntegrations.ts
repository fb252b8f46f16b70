import { useState } from 'react';
import { Bots } from '../state/bots';
import type { RoomSession } from '../state/room/session';
import { Webhooks } from '../state/webhooks';
import { useChat } from './context';

/** The bots of this user. */
export function useBots(): Bots {
  const chat = useChat();
  const [bots] = useState(() => new Bots(chat.rest));
  return bots;
}

/** The webhooks of a room. */
export function useWebhooks(session: RoomSession): Webhooks {
  const chat = useChat();
  const [webhooks] = useState(
    () =>
      new Webhooks(chat.rest, session.id, () => {
        const { cursor } = session.timeline.getSnapshot();
        return cursor.kind === 'at' ? cursor.seq : 0;
      }),
  );
  return webhooks;
}
