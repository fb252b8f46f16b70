import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useIsRoomBlocked, useMe, useMyRoom, useRooms, useRoomSession } from '../../hooks/useChatState';
import { useFileDrop } from '../../hooks/useFileDrop';
import { useLayer } from '../../hooks/layers';
import { useStore } from '../../hooks/useStore';
import { roomTitle } from '../../state/room/direct';
import { isMuted } from '../../state/room/mute';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/myRoom';
import { Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { MembersPanel, RoomDialogs } from '../lazy';
import { RoomPreview } from '../rooms/RoomPreview';
import type { RoomDialogKind } from './RoomDialogs';
import { RoomHead } from './RoomHead';
import { Conversation } from './Conversation';
import { ComposerOrMuted } from './ComposerOrMuted';
import { TypingLine } from './TypingLine';
import { classNames } from '../../ui/classNames';
import styles from './RoomView.module.css';

/** In em, as in the styles: with a larger font the narrow layout starts earlier. */
const WIDE = '(min-width: 68.75em)';

/** at: the seq of the message to show. Without it the newest messages are shown. */
export function RoomView({ roomId, at }: { roomId: number; at?: number | undefined }) {
  const rooms = useRooms();
  const mine = useMyRoom(roomId);
  const session = useRoomSession(roomId);
  if (mine === undefined || session === undefined) {
    return rooms.kind === 'loading' ? (
      <Skeleton label="Loading the room" rows={6} avatars />
    ) : (
      <RoomPreview roomId={roomId} />
    );
  }
  return <OpenRoom mine={mine} session={session} at={at} />;
}

function OpenRoom({ mine, session, at }: { mine: MyRoom; session: RoomSession; at: number | undefined }) {
  const chat = useChat();
  const [membersOpen, setMembersOpen] = useState(() => !mine.room.direct && window.matchMedia(WIDE).matches);
  const [open, setOpen] = useState<RoomDialogKind>();
  const { room } = mine;
  const title = roomTitle(room, useMe().id);

  // Who cannot write cannot attach files.
  const readOnly = useIsRoomBlocked(session.id) || isMuted(mine.mutedUntil);
  const drop = useFileDrop((files) => void session.draft.attach(files, chat.limits.getSnapshot()));

  const ready = useStore(session.loadState).kind === 'ready';
  useEffect(() => {
    chat.rooms.visit(session.id);
    // The head shows the status message of the other user.
    if (mine.room.direct && !session.members.requested) void session.members.load();
    return () => chat.rooms.reading.onLeave(session);
  }, [chat, session, mine.room.direct]);

  useEffect(() => {
    if (at === undefined) session.history.showLatest();
    else if (ready) void session.history.show(at);
  }, [session, ready, at]);

  useLayer(() => setMembersOpen(false), membersOpen && !window.matchMedia(WIDE).matches);
  useEffect(() => {
    if (!membersOpen || window.matchMedia(WIDE).matches) return undefined;
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setMembersOpen(false);
    };
    window.addEventListener('keydown', escape);
    return () => window.removeEventListener('keydown', escape);
  }, [membersOpen]);

  return (
    <div className={classNames(styles.room, membersOpen && styles.withMembers)}>
      <section className={styles.main} aria-labelledby="room-title" {...(readOnly ? {} : drop.target)}>
        <RoomHead
          mine={mine}
          session={session}
          membersOpen={membersOpen}
          onMembers={() => setMembersOpen(!membersOpen)}
          onSettings={() => setOpen('settings')}
          onLeave={() => setOpen('leave')}
        />
        <Conversation session={session} roomName={title} />
        <TypingLine session={session} />
        <ComposerOrMuted mine={mine} session={session} title={title} />
        {drop.over && (
          <div className={styles.dropCover} {...drop.cover}>
            <p>
              <Icon name="clip" /> Drop files to send them to {title}
            </p>
          </div>
        )}
      </section>
      {membersOpen && (
        <MembersPanel session={session} onClose={() => setMembersOpen(false)} onInvite={() => setOpen('invite')} onBans={() => setOpen('bans')} />
      )}
      {open && <RoomDialogs kind={open} mine={mine} session={session} onOpen={setOpen} onClose={() => setOpen(undefined)} />}
    </div>
  );
}
