import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useMyRoom, useRooms, useRoomSession } from '../../hooks/useChatState';
import { useFileDrop } from '../../hooks/useFileDrop';
import { useLayer } from '../../hooks/layers';
import { goTo, homeHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import { roomTitle } from '../../state/room/direct';
import { isMuted } from '../../state/room/mute';
import type { RoomSession } from '../../state/room/session';
import type { MyRoom } from '../../state/room/myRoom';
import { BansDialog } from '../members/BansDialog';
import { Dialog } from '../../ui/Dialog';
import { Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { InviteDialog } from './InviteDialog';
import { MembersPanel, Webhooks } from '../lazy';
import { DeleteRoomDialog } from '../rooms/DeleteRoomDialog';
import { RoomSettingsDialog } from '../rooms/RoomSettingsDialog';
import { RoomPreview } from '../rooms/RoomPreview';
import { RoomHead } from './RoomHead';
import { Conversation } from './Conversation';
import { ComposerOrMuted } from './ComposerOrMuted';
import { TypingLine } from './TypingLine';
import { LeaveDialog } from './LeaveRoomDialog';
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
  const [open, setOpen] = useState<'nothing' | 'leave' | 'settings' | 'webhooks' | 'delete' | 'invite' | 'bans'>('nothing');
  const close = () => setOpen('nothing');
  const { room } = mine;
  const title = roomTitle(room, useMe().id);

  // A muted member cannot attach files.
  const muted = isMuted(mine.mutedUntil);
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
      <section className={styles.main} aria-labelledby="room-title" {...(muted ? {} : drop.target)}>
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
      {open === 'leave' && <LeaveDialog mine={mine} onClose={close} />}
      {open === 'settings' && <RoomSettingsDialog mine={mine} onClose={close} onDelete={() => setOpen('delete')} onWebhooks={() => setOpen('webhooks')} />}
      {open === 'invite' && <InviteDialog session={session} roomName={room.name} onClose={close} />}
      {open === 'bans' && <BansDialog session={session} onClose={close} />}
      {open === 'webhooks' && (
        <Dialog title="Webhooks" description="Programs post messages here, or receive the events of this room." onClose={close}>
          <Webhooks session={session} />
        </Dialog>
      )}
      {open === 'delete' && <DeleteRoomDialog room={room} onDelete={() => chat.rooms.delete(room.id).then(() => goTo(homeHref))} onClose={close} />}
    </div>
  );
}
