import { useMe } from '../../hooks/useChatState';
import { useDebouncedQuery } from '../../hooks/useDebouncedQuery';
import { useStore } from '../../hooks/useStore';
import type { Account } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { Avatar, nameOf } from '../../ui/Avatar';
import { shortDate } from '../../ui/shortDate';
import { timeOf } from '../../ui/dates';
import { EmptyState } from '../../ui/EmptyState';
import { Pager } from '../../ui/Pager';
import { SearchField } from '../../ui/SearchField';
import { UserMenu } from './UserMenu';
import styles from './Admin.module.css';

export function AdminUsers({ administration }: { administration: Administration }) {
  const state = useStore(administration.users.state);
  const { text, setText, pending } = useDebouncedQuery(administration.users);
  return (
    <>
      <SearchField className={styles.search} label="Search users" placeholder="Part of a name or email" text={text} onText={setText} />
      <Pager
        pages={administration.users}
        state={state}
        of="users"
        pending={pending}
        avatars
        empty={<EmptyState icon="search" title="No user found">{`No name or email contains “${text.trim()}”.`}</EmptyState>}
        onRetry={() => void administration.users.query(text)}
      >
        {(account) => (
          <li key={account.id}>
            <UserRow administration={administration} account={account} />
          </li>
        )}
      </Pager>
    </>
  );
}

function UserRow({ administration, account }: { administration: Administration; account: Account }) {
  const me = useMe();
  return (
    <div className="row">
      <Avatar person={account} />
      <div className="row-text">
        <p className={styles.name}>
          <span className="row-title">{nameOf(account)}</span> <span className={styles.username}>@{account.username}</span>
          {account.id === me.id && <span className="tag">You</span>}
          {account.role === 'admin' && <span className="tag accent">Admin</span>}
          {account.role === 'bot' && <span className="tag">Bot</span>}
          {account.guest && <span className="tag">Guest</span>}
          {account.disabled && <span className="tag danger">Disabled</span>}
        </p>
        <p className="row-facts">{factsOf(account)}</p>
      </div>
      <UserMenu administration={administration} account={account} />
    </div>
  );
}

function factsOf({ email, sessions, lastSeenAt, createdAt }: Account): string {
  const count = sessions === 0 ? 'no session' : sessions === 1 ? '1 session' : `${sessions} sessions`;
  const seen = lastSeenAt === undefined ? [] : [`seen ${shortDate(lastSeenAt)}, ${timeOf(lastSeenAt)}`];
  return [...(email ? [email] : []), count, ...seen, `since ${shortDate(createdAt)}`].join(' · ');
}
