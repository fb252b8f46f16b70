import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useConnection, useMe, useMyRoom, useRooms, useRoomSession } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useFileDrop } from '../../hooks/useFileDrop';
import { goTo, homeHref, roomHref, searchHref } from '../../hooks/useRoute';
import { useSelect, useStore } from '../../hooks/useStore';
import { otherMember, roomTitle } from '../../state/room/direct';
import { rejoinHint } from '../../state/room/rejoin';
import { isMuted, formatTimeLeft } from '../../state/room/mute';
import { onlineCount, statusOf } from '../../state/room/presence';
import { can } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { memberChangeSince } from '../../state/room/timeline';
import type { MyRoom } from '../../state/room/unread';
import { Avatar } from '../../ui/Avatar';
import { BansDialog } from '../members/BansDialog';
import { Composer } from '../composer/Composer';
import { Dialog } from '../../ui/Dialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/Field';
import { Icon } from '../../ui/Icon';
import { InviteDialog } from './InviteDialog';
import { Webhooks } from '../lazy';
import { MembersPanel } from '../members/MembersPanel';
import { MessageList, type Missed } from '../messages/MessageList';
import { RoomActions } from './RoomActions';
import { DeleteRoomDialog, RoomSettingsDialog } from '../rooms/RoomSettingsDialog';
import { RoomPreview } from '../rooms/RoomPreview';

/** In em, as in the styles: with large letters a window is narrow sooner. */
const WIDE = '(min-width: 68.75em)';

/** at: the number of the message to show; undefined shows the present. */
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
  const [missed] = useState((): Missed | undefined => {
    const count = chat.unread.getSnapshot().get(session.id)?.unread ?? 0;
    return count > 0 ? { after: mine.lastRead, count } : undefined;
  });
  const { room } = mine;
  const title = roomTitle(room, useMe().id);

  // Who is muted has nowhere to put them.
  const muted = isMuted(mine.mutedUntil);
  const drop = useFileDrop((files) => void session.attach(files, chat.limits.getSnapshot()));

  const ready = useStore(session.loadState).kind === 'ready';
  useEffect(() => {
    chat.visit(session.id);
    // What the other of two says of themselves stands at their name.
    if (mine.room.direct && !session.members.asked) void session.members.load();
  }, [chat, session, mine.room.direct]);

  useEffect(() => {
    if (at === undefined) session.history.showLatest();
    else if (ready) void session.history.show(at);
  }, [session, ready, at]);

  useEffect(() => {
    if (!membersOpen || window.matchMedia(WIDE).matches) return undefined;
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setMembersOpen(false);
    };
    window.addEventListener('keydown', escape);
    return () => window.removeEventListener('keydown', escape);
  }, [membersOpen]);

  return (
    <div className={`room${membersOpen ? ' with-members' : ''}`}>
      <section className="room-main" aria-labelledby="room-title" {...(muted ? {} : drop.target)}>
        <RoomHead
          mine={mine}
          session={session}
          membersOpen={membersOpen}
          onMembers={() => setMembersOpen(!membersOpen)}
          onSettings={() => setOpen('settings')}
          onLeave={() => setOpen('leave')}
        />
        <Conversation session={session} roomName={title} missed={missed} />
        <TypingLine session={session} />
        <ComposerOrMuted mine={mine} session={session} title={title} />
        {drop.over && (
          <div className="drop-cover" {...drop.cover}>
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
        <Dialog title="Webhooks" description="Programs write in this room, or hear what happens in it." onClose={close}>
          <Webhooks session={session} />
        </Dialog>
      )}
      {open === 'delete' && <DeleteRoomDialog room={room} onDelete={() => chat.deleteRoom(room.id).then(() => goTo(homeHref))} onClose={close} />}
    </div>
  );
}

interface RoomHeadProps {
  mine: MyRoom;
  session: RoomSession;
  membersOpen: boolean;
  onMembers: () => void;
  onSettings: () => void;
  onLeave: () => void;
}

function RoomHead({ mine: { room, role }, session, membersOpen, onMembers, onSettings, onLeave }: RoomHeadProps) {
  const online = onlineCount(useStore(session.presence));
  const members = useStore(session.members.state);
  // The room was told as it was at its head; who came and went since, the messages tell.
  const since = useSelect(session.timeline, (timeline) => memberChangeSince(timeline, room.head));
  const me = useMe();
  const other = otherMember(room, me.id);
  const presence = useStore(session.presence);
  const count = members.kind === 'ready' && !members.more ? members.members.length : room.memberCount + since;
  const about = other ? session.statusMessageOf(other.id) : room.description;
  const settle = !room.direct && can(role, 'change room') ? onSettings : undefined;
  // A talk of two has no end.
  const leave = room.direct ? undefined : onLeave;
  return (
    <header className="room-head">
      <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
        <Icon name="back" />
      </a>
      <div className="room-names">
        <h1 id="room-title">
          {other ? <Avatar person={other} status={statusOf(presence, other.id)} size="s" /> : <Icon name={room.private ? 'lock' : 'hash'} />}
          <span className="room-title">{roomTitle(room, me.id)}</span>
        </h1>
        {about && <p className="room-about">{about}</p>}
      </div>
      <a className="icon-button head-search" href={searchHref(room.id)} aria-label={`Search in ${roomTitle(room, me.id)}`} title="Search in this room">
        <Icon name="search" />
      </a>
      <button
        type="button"
        className="head-button"
        aria-expanded={membersOpen}
        aria-label={`Members, ${count}${online === undefined ? '' : `, ${online} online`}`}
        onClick={onMembers}
      >
        <Icon name="people" />
        <span aria-hidden="true">{count}</span>
        {online !== undefined && online > 0 && (
          <span className="head-online" aria-hidden="true">
            {online} online
          </span>
        )}
      </button>
      <RoomActions room={room} onSettings={settle} onLeave={leave} />
    </header>
  );
}

function Conversation({ session, roomName, missed }: { session: RoomSession; roomName: string; missed: Missed | undefined }) {
  const opening = useStore(session.loadState);
  const sight = useStore(session.history.view);
  const connection = useConnection();
  if (opening.kind === 'ready' && (sight.kind === 'present' || sight.kind === 'past')) {
    return <MessageList key={sight.visit} session={session} roomName={roomName} missed={missed} />;
  }
  if (opening.kind === 'ready' && sight.kind === 'failed') return <NotFound session={session} target={sight.target} reason={sight.reason} />;
  if (opening.kind === 'failed') {
    return (
      <div className="messages">
        <EmptyState icon="alert" title="The messages could not be loaded" action={{ label: 'Try again', run: () => void session.join() }}>
          {opening.reason}
        </EmptyState>
      </div>
    );
  }
  const away = connection.kind === 'reconnecting' || connection.kind === 'failed';
  return (
    <div className="messages">
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
    <div className="messages">
      <EmptyState
        icon="alert"
        title={navigator.onLine ? 'The message could not be loaded' : 'You are offline'}
        action={{ label: 'Try again', run: () => void session.history.show(target ?? 0) }}
      >
        {reason}
      </EmptyState>
      <a className="to-newest" href={roomHref(session.id)}>
        <Icon name="down" size={16} /> Back to the present
      </a>
    </div>
  );
}

/** The composer, where one may write. */
function ComposerOrMuted({ mine, session, title }: { mine: MyRoom; session: RoomSession; title: string }) {
  const { mutedUntil } = mine;
  const left = useTimeLeft(mutedUntil);
  if (left === undefined) return <Composer session={session} roomName={title} />;
  return (
    <p className="muted-note" role="status">
      <Icon name="bell" /> You are muted here for {left}. You can read all the same.
    </p>
  );
}

/** Counts down; undefined when the time is over. */
function useTimeLeft(until: string | undefined): string | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (until === undefined) return undefined;
    const each = setInterval(() => setNow(Date.now()), 15_000);
    return () => clearInterval(each);
  }, [until]);
  return until !== undefined && isMuted(until, now) ? formatTimeLeft(until, now) : undefined;
}

function TypingLine({ session }: { session: RoomSession }) {
  const typing = useStore(session.typing);
  const names = typing.map((id) => session.nameOf(id) ?? 'Somebody');
  return (
    <p className="typing" role="status">
      {names.length > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
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

function LeaveDialog({ mine: { room, role }, onClose }: { mine: MyRoom; onClose: () => void }) {
  const chat = useChat();
  const [action, run] = useAction();

  function leave() {
    void run(async () => {
      await chat.leaveRoom(room.id);
      onClose();
      goTo(homeHref);
    });
  }

  return (
    <Dialog title={`Leave ${room.name}?`} onClose={onClose}>
      <p className="dialog-text">
        {role === 'owner' ? 'Its owner cannot leave a room. Hand it over to another member first, or delete it.' : rejoinHint(room, 'you')}
      </p>
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {role === 'owner' ? 'Close' : 'Stay'}
        </button>
        {role !== 'owner' && (
          <button type="button" className="button primary" disabled={action.kind === 'busy'} onClick={leave}>
            Leave room
          </button>
        )}
      </div>
    </Dialog>
  );
}
