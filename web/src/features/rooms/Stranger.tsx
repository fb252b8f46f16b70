import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useDeed } from '../../hooks/useDeed';
import { findHref, goTo } from '../../hooks/useRoute';
import type { Room } from '../../protocol/types';
import { Face, Skeleton } from '../../ui/Face';
import { FormError } from '../../ui/Field';
import { PasswordDialog } from './JoinDialog';

type Sight = { kind: 'looking' } | { kind: 'open'; room: Room } | { kind: 'closed' };

/** A room that one is not in: a link may lead here. Where it is open, so is the door. */
export function Stranger({ roomId }: { roomId: number }) {
  const chat = useChat();
  const online = useOnline();
  const [sight, setSight] = useState<Sight>({ kind: 'looking' });
  const [deed, run] = useDeed();
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    let looking = true;
    chat.lookAt(roomId).then(
      (room) => looking && setSight({ kind: 'open', room }),
      () => looking && setSight({ kind: 'closed' }),
    );
    return () => {
      looking = false;
    };
  }, [chat, roomId, online]);

  if (sight.kind === 'looking') return <Skeleton label="Looking for the room" rows={6} avatars />;
  if (sight.kind === 'closed' && !navigator.onLine) return <Face icon="alert" title="You are offline">The room may be there when you are back.</Face>;
  if (sight.kind === 'closed') {
    return (
      <Face icon="hash" title="You are not in this room" action={{ label: 'Find rooms', run: () => goTo(findHref) }}>
        It may be gone, or you left it.
      </Face>
    );
  }
  const { room } = sight;
  const join = () => (room.hasPassword ? setAsking(true) : void run(async () => void (await chat.joinRoom(room.id))));
  return (
    <div className="messages">
      <Face icon="hash" title={room.name} action={{ label: deed.kind === 'busy' ? 'Joining…' : 'Join room', run: join }}>
        {room.description || 'You are not in this room yet. It is open to all.'}
      </Face>
      {deed.kind === 'failed' && <FormError>{deed.reason}</FormError>}
      {asking && <PasswordDialog room={room} onClose={() => setAsking(false)} />}
    </div>
  );
}
