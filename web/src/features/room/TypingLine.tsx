import { useSelect, useStore } from '../../hooks/useStore';
import type { RoomSession } from '../../state/room/session';
import styles from './TypingLine.module.css';

export function TypingLine({ session }: { session: RoomSession }) {
  const typing = useStore(session.typing);
  const blocked = useSelect(session.timeline, (timeline) => timeline.blocked);
  const names = typing.filter((id) => !blocked.has(id)).map((id) => session.nameOf(id) ?? 'A member');
  return (
    <p className={styles.typing} role="status">
      {names.length > 0 && (
        <>
          <span className={styles.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {typingLabel(names)}
        </>
      )}
    </p>
  );
}

function typingLabel(names: string[]): string {
  const [first, second] = names;
  if (names.length === 1) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return 'Several people are typing…';
}
