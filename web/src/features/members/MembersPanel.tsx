import { useEffect } from 'react';
import { useMyRoom } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { Member } from '../../protocol/types';
import { type Presence, statusOf } from '../../state/room/presence';
import { can } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { MemberRow } from './MemberRow';
import styles from './MembersPanel.module.css';
import { currentItems } from '../../state/pagedResource';

interface MembersPanelProps {
  session: RoomSession;
  onClose: () => void;
  onInvite: () => void;
  onBans: () => void;
}

export function MembersPanel({ session, onClose, onInvite, onBans }: MembersPanelProps) {
  const mine = useMyRoom(session.id);
  const moderates = mine !== undefined && !mine.room.direct && can(mine.role, 'inviteUsers');
  const state = useStore(session.members.state);
  const members = currentItems(state);
  const presence = useStore(session.presence);

  useEffect(() => {
    void session.members.load();
  }, [session]);

  return (
    <aside className={styles.panel} aria-label="Members">
      <header className={styles.head}>
        <h2>Members</h2>
        <button type="button" className="icon-button" aria-label="Close members" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {moderates && (
        <div className={styles.actions}>
          <button type="button" className="button" aria-haspopup="dialog" onClick={onInvite}>
            <Icon name="link" /> Invite
          </button>
          <button type="button" className="button" aria-haspopup="dialog" onClick={onBans}>
            Banned
          </button>
        </div>
      )}
      {(state.kind === 'idle' || state.kind === 'loading') && (
        <Skeleton label="Loading members" rows={5} avatars />
      )}
      {state.kind === 'failed' && (
        <EmptyState
          title={navigator.onLine ? 'The members could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void session.members.load() }}
        />
      )}
      {members.length > 0 && <MemberGroups session={session} members={members} presence={presence} />}
      {(state.kind === 'ready' || state.kind === 'refreshing') && state.next !== undefined && <p className={styles.more}>There are more members than can be listed here.</p>}
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
    <section className={styles.group}>
      <h3>
        {title} <span className={styles.count}>{members.length}</span>
      </h3>
      {note && <p className={styles.more}>{note}</p>}
      <ul>
        {members.map((member) => (
          <MemberRow key={member.user.id} session={session} member={member} status={statusOf(presence, member.user.id)} />
        ))}
      </ul>
    </section>
  );
}
