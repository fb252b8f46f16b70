import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { findHref, goTo } from '../../hooks/useRoute';
import type { Room } from '../../protocol/types';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/FormError';
import { PasswordDialog } from '../lazy';
import styles from './RoomPreview.module.css';

type Preview = { kind: 'loading' } | { kind: 'open'; room: Room } | { kind: 'unavailable' };

/** Preview of a room that the user has not joined. An open room can be joined here. */
export function RoomPreview({ roomId }: { roomId: number }) {
  const chat = useChat();
  const online = useOnline();
  const [preview, setPreview] = useState<Preview>({ kind: 'loading' });
  const [action, run] = useAction();
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    let active = true;
    chat.rooms.preview(roomId).then(
      (room) => active && setPreview({ kind: 'open', room }),
      () => active && setPreview({ kind: 'unavailable' }),
    );
    return () => {
      active = false;
    };
  }, [chat, roomId, online]);

  if (preview.kind === 'loading') return <Skeleton label="Loading the room" rows={6} avatars />;
  if (preview.kind === 'unavailable' && !navigator.onLine) return <EmptyState page icon="alert" title="You are offline">The room may be available when you are connected.</EmptyState>;
  if (preview.kind === 'unavailable') {
    return (
      <EmptyState page icon="hash" title="You are not in this room" action={{ label: 'Find rooms', run: () => goTo(findHref) }}>
        It may have been deleted, or you have left it.
      </EmptyState>
    );
  }
  const { room } = preview;
  const join = () => (room.hasPassword ? setAsking(true) : void run(async () => void (await chat.rooms.join(room.id))));
  return (
    <div className={styles.preview}>
      <EmptyState page icon="hash" title={room.name} action={{ label: action.kind === 'busy' ? 'Joining…' : 'Join room', run: join }}>
        {room.description || 'You are not in this room yet. It is open to all.'}
      </EmptyState>
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      {asking && <PasswordDialog room={room} onClose={() => setAsking(false)} />}
    </div>
  );
}
