import { useMinute } from '../../hooks/useMinute';
import type { Member, Room, RoomRole, Status, User } from '../../protocol/types';
import { Icon } from '../../ui/Icon';
import { localTimeIn } from '../../ui/localTime';
import styles from './PersonCard.module.css';

const statusNames: Partial<Record<Status, string>> = { online: 'Online', away: 'Away', busy: 'Busy', offline: 'Offline' };

const roleNames: Record<RoomRole, string> = { owner: 'Owner of', admin: 'Admin of', moderator: 'Moderator of', member: 'Member of' };

interface PersonFactsProps {
  user: User;
  status: Status | undefined;
  /** undefined while it is unknown. */
  member: Member | 'no member' | undefined;
  room: Room | undefined;
  blocked: boolean;
}

export function PersonFacts({ user, status, member, room, blocked }: PersonFactsProps) {
  const tags = [user.role === 'bot' && 'Bot', user.role === 'admin' && 'Server admin', user.guest && 'Guest', blocked && 'Blocked'].filter((tag) => tag !== false);
  const statusName = status && statusNames[status];
  return (
    <>
      {tags.length > 0 && (
        <p className={styles.tags}>
          {tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
        </p>
      )}
      {user.statusMessage && (
        <p className={styles.says} dir="auto">
          {user.statusMessage}
        </p>
      )}
      <ul className={styles.facts}>
        {statusName && (
          <li>
            <span className={styles.dot} data-status={status} /> {statusName}
          </li>
        )}
        {user.timeZone && <LocalTime zone={user.timeZone} />}
        {room && !room.direct && member && (
          <li>
            <Icon name={member === 'no member' || member.role === 'member' ? 'people' : 'shield'} size={16} />{' '}
            <span>
              {member === 'no member' ? 'Not a member of' : roleNames[member.role]} <bdi>{room.name}</bdi>
            </span>
          </li>
        )}
      </ul>
    </>
  );
}

function LocalTime({ zone }: { zone: string }) {
  const time = localTimeIn(zone, useMinute());
  if (time === undefined) return null;
  return (
    <li title={zone.replaceAll('_', ' ')}>
      <Icon name="clock" size={16} /> {time} local time
    </li>
  );
}
