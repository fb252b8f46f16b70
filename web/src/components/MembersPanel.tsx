import { useEffect } from 'react';
import { useMe } from '../hooks/useChatState';
import { useStore } from '../hooks/useStore';
import type { Member, Status } from '../protocol/types';
import { type Presence, statusOf } from '../state/presence';
import type { RoomSession } from '../state/room';
import { Avatar, nameOf } from './Avatar';
import { Face, Skeleton } from './Face';
import { Icon } from './Icon';

const words: Record<Status, string> = { online: 'online', away: 'away', busy: 'busy', offline: 'offline', unknown: 'presence unknown' };
const roles: Partial<Record<Member['role'], string>> = { owner: 'Owner', admin: 'Admin', moderator: 'Moderator' };

export function MembersPanel({ session, onClose }: { session: RoomSession; onClose: () => void }) {
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
      {(state.kind === 'unasked' || (state.kind === 'loading' && state.members.length === 0)) && (
        <Skeleton label="Loading members" rows={5} avatars />
      )}
      {state.kind === 'failed' && (
        <Face
          title={navigator.onLine ? 'The members could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void session.members.load() }}
        />
      )}
      {state.kind !== 'unasked' && state.members.length > 0 && <Groups members={state.members} presence={presence} />}
      {state.kind === 'ready' && state.more && <p className="members-more">And more than can be listed here.</p>}
    </aside>
  );
}

function Groups({ members, presence }: { members: readonly Member[]; presence: Presence }) {
  if (presence.kind === 'unknown') {
    return <Group title="Everyone" members={members} presence={presence} note="Who is online is not known right now." />;
  }
  const isThere = (member: Member) => statusOf(presence, member.user.id) !== 'offline';
  return (
    <>
      <Group title="Online" members={members.filter(isThere)} presence={presence} />
      <Group title="Offline" members={members.filter((member) => !isThere(member))} presence={presence} />
    </>
  );
}

interface GroupProps {
  title: string;
  members: readonly Member[];
  presence: Presence;
  note?: string;
}

function Group({ title, members, presence, note }: GroupProps) {
  const me = useMe();
  if (members.length === 0) return null;
  return (
    <section className="members-group">
      <h3>
        {title} <span className="count">{members.length}</span>
      </h3>
      {note && <p className="members-more">{note}</p>}
      <ul>
        {members.map(({ user, role }) => {
          const status = statusOf(presence, user.id);
          return (
            <li key={user.id} className={`member status-${status}`}>
              <Avatar person={user} status={status} size="s" />
              <span className="member-name">
                {nameOf(user)}
                {user.id === me.id && <span className="member-note"> (you)</span>}
                <span className="sr-only">, {words[status]}</span>
              </span>
              {roles[role] && <span className="tag">{roles[role]}</span>}
              {user.guest && <span className="tag">Guest</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
