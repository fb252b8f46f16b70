import { useEffect, useState } from 'react';
import { useIsRoomBlocked, useMe } from '../../hooks/useChatState';
import { otherMember } from '../../state/room/direct';
import { isMuted, formatTimeLeft } from '../../state/room/mute';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/myRoom';
import { Composer } from '../composer/Composer';
import { Icon } from '../../ui/Icon';
import { BlockedNote } from './BlockedNote';
import styles from './ComposerOrMuted.module.css';

/** The composer, or why the user cannot write: a mute, with the time that is left, or a blocked person. */
export function ComposerOrMuted({ mine, session, title }: { mine: MyRoom; session: RoomSession; title: string }) {
  const { mutedUntil } = mine;
  const left = useTimeLeft(mutedUntil);
  const other = otherMember(mine.room, useMe().id);
  const blocked = useIsRoomBlocked(session.id);
  if (blocked && other) return <BlockedNote person={other} />;
  if (left === undefined) return <Composer session={session} roomName={title} />;
  return (
    <p className={styles.note} role="status">
      <Icon name="bell" /> You are muted here for {left}. You can still read.
    </p>
  );
}

/** Returns the remaining time, or undefined when it is over. */
function useTimeLeft(until: string | undefined): string | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (until === undefined) return undefined;
    const each = setInterval(() => setNow(Date.now()), 15_000);
    return () => clearInterval(each);
  }, [until]);
  return until !== undefined && isMuted(until, now) ? formatTimeLeft(until, now) : undefined;
}
