import { useMe, useReadOnlyReason } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Message } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import styles from './MessageRow.module.css';

interface ReactionsProps {
  session: RoomSession;
  message: Message;
  busy: boolean;
  onToggle: (emoji: string, on: boolean) => void;
}

export function Reactions({ session, message, busy, onToggle }: ReactionsProps) {
  const { id: self } = useMe();
  const readOnly = useReadOnlyReason(session.id);
  // Renders again when the members, and so their names, are loaded.
  useStore(session.members.state);
  if (message.reactions.length === 0) return null;
  return (
    <ul className={styles.reactions} aria-label="Reactions" aria-busy={busy}>
      {message.reactions.map(({ emoji, count, me, userIds }) => {
        const who = userIds.map((id) => (id === self ? 'you' : (session.nameOf(id) ?? 'somebody'))).join(', ');
        return (
          <li key={emoji}>
            <button
              type="button"
              className={styles.reaction}
              aria-pressed={me}
              aria-label={`${emoji} ${count}, ${who}${readOnly ? `. ${readOnly}` : ''}`}
              title={readOnly ? `${who}. ${readOnly}.` : who}
              aria-disabled={readOnly ? true : undefined}
              onClick={readOnly ? undefined : () => onToggle(emoji, !me)}
            >
              {emoji} <span>{count}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
