import { useConnection } from '../../hooks/useChatState';
import { roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { RoomSession } from '../../state/room/session';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { MessageList } from '../messages/MessageList';
import styles from '../messages/MessageList.module.css';

export function Conversation({ session, roomName }: { session: RoomSession; roomName: string }) {
  const opening = useStore(session.loadState);
  const sight = useStore(session.history.view);
  const connection = useConnection();
  if (opening.kind === 'ready' && (sight.kind === 'present' || sight.kind === 'past')) {
    return <MessageList key={sight.visit} session={session} roomName={roomName} />;
  }
  if (opening.kind === 'ready' && sight.kind === 'failed') return <NotFound session={session} target={sight.target} reason={sight.reason} />;
  if (opening.kind === 'failed') {
    return (
      <div className={styles.messages}>
        <EmptyState icon="alert" title="The messages could not be loaded" action={{ label: 'Try again', run: () => void session.join() }}>
          {opening.reason}
        </EmptyState>
      </div>
    );
  }
  const away = connection.kind === 'reconnecting' || connection.kind === 'failed';
  return (
    <div className={styles.messages}>
      {away ? (
        <EmptyState icon="clock" title="Not connected">
          The messages appear when the connection is back.
        </EmptyState>
      ) : (
        <Skeleton label="Loading messages" rows={6} avatars />
      )}
    </div>
  );
}

function NotFound({ session, target, reason }: { session: RoomSession; target: number | undefined; reason: string }) {
  return (
    <div className={styles.messages}>
      <EmptyState
        icon="alert"
        title={navigator.onLine ? 'The message could not be loaded' : 'You are offline'}
        action={{ label: 'Try again', run: () => void session.history.show(target ?? 0) }}
      >
        {reason}
      </EmptyState>
      <a className={styles.toNewest} href={roomHref(session.id)}>
        <Icon name="down" size={16} /> Back to the newest messages
      </a>
    </div>
  );
}
