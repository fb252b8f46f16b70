import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMyRoom } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Room } from '../../protocol/types';
import { ApiError } from '../../transport/errors';
import { FormError } from '../../ui/FormError';
import { PasswordDialog } from './JoinDialog';
import { RoomSign } from '../../ui/RoomSign';
import styles from './RoomDirectory.module.css';

export function RoomCard({ room }: { room: Room }) {
  const chat = useChat();
  const mine = useMyRoom(room.id);
  const [action, run] = useAction();
  const [asking, setAsking] = useState(false);

  function join() {
    if (room.hasPassword) {
      setAsking(true);
      return;
    }
    void run(async () => {
      try {
        await chat.rooms.join(room.id);
        goTo(roomHref(room.id));
      } catch (error) {
        // The password was set after the list was loaded.
        if (!(error instanceof ApiError) || error.code !== 'PASSWORD_REQUIRED') throw error;
        setAsking(true);
      }
    });
  }

  return (
    <article className={styles.card}>
      <RoomSign icon={room.private ? 'lock' : 'hash'} />
      <div className={styles.text}>
        <h2 dir="auto">{room.name}</h2>
        {room.description && <p className={styles.about} dir="auto">{room.description}</p>}
        <p className={styles.facts}>
          {room.memberCount === 1 ? '1 member' : `${room.memberCount} members`}
          {room.onlineCount !== null && room.onlineCount > 0 && ` · ${room.onlineCount} online`}
          {room.hasPassword && ' · password'}
        </p>
        {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      </div>
      {mine ? (
        <a className="button" href={roomHref(room.id)} aria-label={`Open ${room.name}`}>
          Open
        </a>
      ) : (
        <button type="button" className="button" aria-label={`Join ${room.name}`} disabled={action.kind === 'busy'} onClick={join}>
          Join
        </button>
      )}
      {asking && <PasswordDialog room={room} onClose={() => setAsking(false)} />}
    </article>
  );
}
