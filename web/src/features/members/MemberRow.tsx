import { useIsBlocked, useMe } from '../../hooks/useChatState';
import type { Member, Status } from '../../protocol/types';
import { isMuted, formatTimeLeft } from '../../state/room/mute';
import type { RoomSession } from '../../state/room/session';
import { Avatar, nameOf } from '../../ui/Avatar';
import { PersonButton } from '../../ui/PersonButton';
import { MemberMenu, type OpenMember } from './MemberMenu';
import { classNames } from '../../ui/classNames';
import styles from './MemberRow.module.css';

const words: Record<Status, string> = { online: 'online', away: 'away', busy: 'busy', offline: 'offline', unknown: 'presence unknown' };

const roles: Partial<Record<Member['role'], string>> = { owner: 'Owner', admin: 'Admin', moderator: 'Moderator' };

interface MemberRowProps {
  session: RoomSession;
  member: Member;
  status: Status;
  /** The place in the list, from 1, and the number of members in it. */
  place: number;
  size: number;
  open: OpenMember | undefined;
  onOpen: (open: OpenMember | undefined) => void;
}

export function MemberRow({ session, member, status, place, size, open, onOpen }: MemberRowProps) {
  const me = useMe();
  const { user, role } = member;
  const blocked = useIsBlocked(user.id);
  return (
    <div role="listitem" aria-posinset={place} aria-setsize={size} className={classNames(styles.member, status === 'offline' && styles.offline)}>
      <PersonButton person={user} className={styles.person}>
        <Avatar person={user} status={status} size="s" className={styles.avatar} />
        <span className={styles.name}>
          <span className={styles.line}>
            <bdi>{nameOf(user)}</bdi>
            {user.id === me.id && <span className={styles.note}> (you)</span>}
            <span className="sr-only">, {words[status]}</span>
          </span>
          {user.statusMessage && <span className={styles.status} dir="auto">{user.statusMessage}</span>}
        </span>
      </PersonButton>
      {roles[role] && <span className="tag">{roles[role]}</span>}
      {blocked && <span className="tag">Blocked</span>}
      {user.guest && <span className="tag">Guest</span>}
      {isMuted(member.mutedUntil) && <span className="tag" title={`For ${formatTimeLeft(member.mutedUntil ?? '')}`}>Muted</span>}
      {user.id !== me.id && (
        <MemberMenu
          session={session}
          member={member}
          isOpen={open?.kind === 'menu' && open.user.id === user.id}
          onOpen={(kind) => onOpen(kind && { user, kind })}
        />
      )}
    </div>
  );
}
