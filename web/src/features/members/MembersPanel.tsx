import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { useMemberCount, useMyRoom } from '../../hooks/useChatState';
import { useDebounced } from '../../hooks/useDebouncedQuery';
import { useStore } from '../../hooks/useStore';
import type { Member } from '../../protocol/types';
import { type Presence, statusOf } from '../../state/room/presence';
import { can } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { SearchField } from '../../ui/SearchField';
import { useNearWindow, VirtualBlocks } from '../../ui/VirtualBlocks';
import { MemberDialog } from './MemberDialogs';
import type { OpenMember } from './MemberMenu';
import { MemberRow } from './MemberRow';
import styles from './MembersPanel.module.css';
import { currentItems } from '../../state/pagedResource';

const DEBOUNCE_MS = 200;
/** The usual height of a row, in pixels. */
const ROW_HEIGHT = 38;

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
  const count = useMemberCount(session);

  const [text, setText] = useState('');
  const query = useCallback(() => session.members.search(text), [session, text]);
  const pending = useDebounced(text, text === '' ? 0 : DEBOUNCE_MS, query);

  const [open, setOpen] = useState<OpenMember>();

  // The list is shared with other parts of the room, which need all members.
  useEffect(() => () => session.members.endSearch(), [session]);

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
      {mine !== undefined && !mine.room.direct && (
        <SearchField className={styles.search} label="Search members" placeholder="Search members" text={text} onText={setText} autoComplete="off" />
      )}
      <p className="sr-only" role="status">
        {text !== '' && !pending && state.kind === 'ready' && `${members.length}${state.next === undefined ? '' : ' or more'} ${members.length === 1 ? 'member' : 'members'} found`}
      </p>
      {(state.kind === 'idle' || state.kind === 'loading') && (
        <Skeleton label="Loading members" rows={5} avatars />
      )}
      {state.kind === 'failed' && (
        <EmptyState
          title={navigator.onLine ? 'The members could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void session.members.load() }}
        />
      )}
      {state.kind === 'ready' && members.length === 0 && <EmptyState icon="search" title="No member found">{`No name contains “${text.trim()}”.`}</EmptyState>}
      {members.length > 0 && <MemberGroups session={session} members={members} total={text.trim() === '' ? count : undefined} presence={presence} open={open} onOpen={setOpen} />}
      {(state.kind === 'ready' || state.kind === 'refreshing') && state.next !== undefined && <MoreMembers key={members.length} session={session} />}
      {open !== undefined && open.kind !== 'menu' && <MemberDialog kind={open.kind} session={session} user={open.user} onClose={() => setOpen(undefined)} />}
    </aside>
  );
}

/** Loads the next page when it comes near the window. */
function MoreMembers({ session }: { session: RoomSession }) {
  const button = useRef<HTMLButtonElement>(null);
  useNearWindow(button, (near) => near && void session.members.loadMore());
  return (
    <button ref={button} type="button" className="button" onClick={() => void session.members.loadMore()}>
      Show more members
    </button>
  );
}

interface MemberGroupsProps {
  session: RoomSession;
  members: readonly Member[];
  /** The number of members of the room; undefined for a search. */
  total: number | undefined;
  presence: Presence;
  open: OpenMember | undefined;
  onOpen: (open: OpenMember | undefined) => void;
}

function MemberGroups({ members, total, ...shared }: MemberGroupsProps) {
  const { presence } = shared;
  if (presence.kind === 'unknown') {
    return <MemberGroup {...shared} title="Everyone" members={members} total={total} note="It is not known right now who is online." />;
  }
  const isThere = (member: Member) => statusOf(presence, member.user.id) !== 'offline';
  const online = members.filter(isThere);
  const totalOnline = total === undefined ? undefined : Math.max(online.length, presence.users.size);
  return (
    <>
      <MemberGroup {...shared} title="Online" members={online} total={totalOnline} />
      <MemberGroup {...shared} title="Offline" members={members.filter((member) => !isThere(member))} total={total === undefined ? undefined : total - (totalOnline ?? 0)} />
    </>
  );
}

interface MemberGroupProps extends MemberGroupsProps {
  title: string;
  note?: string;
}

function MemberGroup({ session, title, members, total, presence, note, open, onOpen }: MemberGroupProps) {
  const titleId = useId();
  if (members.length === 0) return null;
  const size = Math.max(members.length, total ?? 0);
  return (
    <section className={styles.group}>
      <h3 id={titleId}>
        {title} <span className={styles.count}>{size}</span>
      </h3>
      {note && <p className={styles.more}>{note}</p>}
      <div role="list" aria-labelledby={titleId}>
        <VirtualBlocks
          items={members}
          estimate={ROW_HEIGHT}
          render={(member, at) => <MemberRow key={member.user.id} session={session} member={member} status={statusOf(presence, member.user.id)} place={at + 1} size={size} open={open} onOpen={onOpen} />}
        />
      </div>
    </section>
  );
}
