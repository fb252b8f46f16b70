import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useMyRoom, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Member, RoomRole, Status } from '../../protocol/types';
import { rejoinHint } from '../../state/room/rejoin';
import { isMuted, formatTimeLeft } from '../../state/room/mute';
import { type Presence, statusOf } from '../../state/room/presence';
import { can, canRemove, assignableRoles } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { Avatar, nameOf } from '../../ui/Avatar';
import { BanDialog, MuteDialog } from './BansDialog';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ActionError } from '../../ui/ActionError';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { MenuItem, Popup } from '../../ui/Popup';

const words: Record<Status, string> = { online: 'online', away: 'away', busy: 'busy', offline: 'offline', unknown: 'presence unknown' };
const roles: Partial<Record<Member['role'], string>> = { owner: 'Owner', admin: 'Admin', moderator: 'Moderator' };

interface MembersPanelProps {
  session: RoomSession;
  onClose: () => void;
  onInvite: () => void;
  onBans: () => void;
}

export function MembersPanel({ session, onClose, onInvite, onBans }: MembersPanelProps) {
  const mine = useMyRoom(session.id);
  const moderates = mine !== undefined && !mine.room.direct && can(mine.role, 'moderate');
  const state = useStore(session.members.state);
  const presence = useStore(session.presence);

  useEffect(() => {
    void session.members.load();
  }, [session]);

  return (
    <aside className="members" aria-label="Members">
      <header className="members-head">
        <h2>Members</h2>
        <button type="button" className="icon-button" aria-label="Close members" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {moderates && (
        <div className="members-actions">
          <button type="button" className="button" aria-haspopup="dialog" onClick={onInvite}>
            <Icon name="link" /> Invite
          </button>
          <button type="button" className="button" aria-haspopup="dialog" onClick={onBans}>
            Banned
          </button>
        </div>
      )}
      {(state.kind === 'unasked' || (state.kind === 'loading' && state.members.length === 0)) && (
        <Skeleton label="Loading members" rows={5} avatars />
      )}
      {state.kind === 'failed' && (
        <EmptyState
          title={navigator.onLine ? 'The members could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void session.members.load() }}
        />
      )}
      {state.kind !== 'unasked' && state.members.length > 0 && <MemberGroups session={session} members={state.members} presence={presence} />}
      {state.kind === 'ready' && state.more && <p className="members-more">And more than can be listed here.</p>}
    </aside>
  );
}

function MemberGroups({ session, members, presence }: { session: RoomSession; members: readonly Member[]; presence: Presence }) {
  if (presence.kind === 'unknown') {
    return <MemberGroup session={session} title="Everyone" members={members} presence={presence} note="Who is online is not known right now." />;
  }
  const isThere = (member: Member) => statusOf(presence, member.user.id) !== 'offline';
  return (
    <>
      <MemberGroup session={session} title="Online" members={members.filter(isThere)} presence={presence} />
      <MemberGroup session={session} title="Offline" members={members.filter((member) => !isThere(member))} presence={presence} />
    </>
  );
}

interface MemberGroupProps {
  session: RoomSession;
  title: string;
  members: readonly Member[];
  presence: Presence;
  note?: string;
}

function MemberGroup({ session, title, members, presence, note }: MemberGroupProps) {
  if (members.length === 0) return null;
  return (
    <section className="members-group">
      <h3>
        {title} <span className="count">{members.length}</span>
      </h3>
      {note && <p className="members-more">{note}</p>}
      <ul>
        {members.map((member) => (
          <MemberRow key={member.user.id} session={session} member={member} status={statusOf(presence, member.user.id)} />
        ))}
      </ul>
    </section>
  );
}

function MemberRow({ session, member, status }: { session: RoomSession; member: Member; status: Status }) {
  const me = useMe();
  const { user, role } = member;
  return (
    <li className={`member status-${status}`}>
      <Avatar person={user} status={status} size="s" />
      <span className="member-name">
        {nameOf(user)}
        {user.id === me.id && <span className="member-note"> (you)</span>}
        <span className="sr-only">, {words[status]}</span>
        {user.statusMessage && <span className="member-says">{user.statusMessage}</span>}
      </span>
      {roles[role] && <span className="tag">{roles[role]}</span>}
      {user.guest && <span className="tag">Guest</span>}
      {isMuted(member.mutedUntil) && <span className="tag" title={`For ${formatTimeLeft(member.mutedUntil ?? '')}`}>Muted</span>}
      {user.id !== me.id && <MemberMenu session={session} member={member} />}
    </li>
  );
}

const roleActions: Record<RoomRole, string> = {
  member: 'Make a plain member',
  moderator: 'Make a moderator',
  admin: 'Make an admin',
  owner: 'Hand the room over',
};

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'removing' | 'handing over' | 'muting' | 'banning' };

/** What one may do with a member: speak to them, and more with those below oneself. */
function MemberMenu({ session, member: { user, role, mutedUntil } }: { session: RoomSession; member: Member }) {
  const chat = useChat();
  const mine = useMyRoom(session.id);
  const offline = useOnline() ? undefined : 'Not connected right now';
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const [action, run] = useAction();
  const by = mine?.role ?? 'member';
  const toGive = assignableRoles(by, role);
  const removable = canRemove(by, role);
  const close = () => setOpen({ kind: 'nothing' });
  const name = nameOf(user);
  const direct = mine?.room.direct === true;
  if (direct) return null;
  return (
    <>
      <button
        type="button"
        className="icon-button member-more"
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={open.kind === 'menu'}
        aria-busy={action.kind === 'busy'}
        onClick={(event) => setOpen({ kind: 'menu', anchor: event.currentTarget })}
      >
        <Icon name="more" />
      </button>
      <ActionError action={action} />
      {open.kind === 'menu' && (
        <Popup anchor={open.anchor} label={`Actions for ${name}`} onClose={close}>
          <MenuItem
            icon="message"
            disabledReason={offline}
            onChoose={() => {
              close();
              void run(async () => goTo(roomHref((await chat.openDirect(user.id)).id)));
            }}
          >
            Message
          </MenuItem>
          {toGive.map((next) => (
            <MenuItem
              key={next}
              icon={next === 'member' ? 'people' : 'shield'}
              disabledReason={offline}
              onChoose={() => {
                close();
                void run(() => session.members.setRole(user.id, next));
              }}
            >
              {roleActions[next]}
            </MenuItem>
          ))}
          {can(by, 'hand over') && !user.guest && (
            <MenuItem icon="key" disabledReason={offline} onChoose={() => setOpen({ kind: 'handing over' })}>
              {roleActions.owner}…
            </MenuItem>
          )}
          {removable && isMuted(mutedUntil) && (
            <MenuItem
              icon="bell"
              disabledReason={offline}
              onChoose={() => {
                close();
                void run(() => session.members.unmute(user.id));
              }}
            >
              Let speak again
            </MenuItem>
          )}
          {removable && !isMuted(mutedUntil) && (
            <MenuItem icon="bell" disabledReason={offline} onChoose={() => setOpen({ kind: 'muting' })}>
              Mute…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="leave" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'removing' })}>
              Remove from the room…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="ban" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'banning' })}>
              Ban…
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'removing' && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          confirmLabel="Remove"
          busyLabel="Removing…"
          danger
          run={() => session.members.remove(user.id)}
          onClose={close}
        >
          <p className="dialog-text">What {name} wrote stays. {mine && rejoinHint(mine.room, 'they')}</p>
        </ConfirmDialog>
      )}
      {open.kind === 'muting' && <MuteDialog session={session} user={user} onClose={close} />}
      {open.kind === 'banning' && <BanDialog session={session} user={user} onClose={close} />}
      {open.kind === 'handing over' && (
        <ConfirmDialog
          title={`Hand the room over to ${name}?`}
          confirmLabel="Hand over"
          busyLabel="Handing over…"
          danger
          run={() => session.members.setRole(user.id, 'owner')}
          onClose={close}
        >
          <p className="dialog-text">{name} becomes the owner, and you an admin. Only {name} can give it back.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
