import { useState } from 'react';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useDebouncedQuery } from '../../hooks/useDebouncedQuery';
import { adminHref, goTo } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Account } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { Avatar, nameOf } from '../../ui/Avatar';
import { shortDate } from '../../ui/shortDate';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ActionError } from '../../ui/ActionError';
import { timeOf } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { EmptyState } from '../../ui/EmptyState';
import { FormError } from '../../ui/Field';
import { SecretField } from '../../ui/SecretField';
import { Icon } from '../../ui/Icon';
import { Pager } from '../../ui/Pager';
import { MenuItem, Popup } from '../../ui/Popup';
import { SearchField } from '../../ui/SearchField';

export function AdminUsers({ administration }: { administration: Administration }) {
  const state = useStore(administration.users.state);
  const [text, setText] = useDebouncedQuery(administration.users);
  return (
    <>
      <SearchField label="Search users" placeholder="Part of a name or email" text={text} onText={setText} />
      <Pager
        pages={administration.users}
        state={state}
        of="users"
        avatars
        empty={<EmptyState icon="search" title="Nobody found">{`No name or email has “${text.trim()}” in it.`}</EmptyState>}
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
    <div className="session">
      <Avatar person={account} />
      <div className="session-text">
        <p className="admin-name">
          <span className="session-device">{nameOf(account)}</span> <span className="admin-user">@{account.username}</span>
          {account.id === me.id && <span className="tag">You</span>}
          {account.role === 'admin' && <span className="tag accent">Admin</span>}
          {account.role === 'bot' && <span className="tag">Bot</span>}
          {account.guest && <span className="tag">Guest</span>}
          {account.disabled && <span className="tag danger">Locked out</span>}
        </p>
        <p className="session-facts">{factsOf(account)}</p>
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

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'raising' | 'lowering' | 'locking' | 'resetting' };

/** What may be done to a user. One's own account is looked after by itself, but for the role. */
function UserMenu({ administration, account }: { administration: Administration; account: Account }) {
  const me = useMe();
  const offline = useOnline() ? undefined : 'Not connected right now';
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const [action, run] = useAction();
  const close = () => setOpen({ kind: 'nothing' });
  const { id, role, guest, disabled } = account;
  const name = nameOf(account);
  const own = id === me.id;
  const person = role !== 'bot' && !guest;
  return (
    <>
      <ActionError action={action} />
      <button
        type="button"
        className="icon-button"
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={open.kind === 'menu'}
        aria-busy={action.kind === 'busy'}
        onClick={(event) => setOpen({ kind: 'menu', anchor: event.currentTarget })}
      >
        <Icon name="more" />
      </button>
      {open.kind === 'menu' && (
        <Popup anchor={open.anchor} label={`Actions for ${name}`} onClose={close}>
          <MenuItem icon="link" onChoose={() => goTo(adminHref('connections', id))}>
            Connections
          </MenuItem>
          {person && role === 'user' && (
            <MenuItem icon="shield" disabledReason={offline} onChoose={() => setOpen({ kind: 'raising' })}>
              Make an admin…
            </MenuItem>
          )}
          {role === 'admin' && (
            <MenuItem icon="people" disabledReason={offline} onChoose={() => setOpen({ kind: 'lowering' })}>
              Make a plain user…
            </MenuItem>
          )}
          {person && !own && (
            <MenuItem icon="key" disabledReason={offline} onChoose={() => setOpen({ kind: 'resetting' })}>
              New password…
            </MenuItem>
          )}
          {disabled && (
            <MenuItem
              icon="enter"
              disabledReason={offline}
              onChoose={() => {
                close();
                void run(() => administration.updateUser(id, { disabled: false }));
              }}
            >
              Let in again
            </MenuItem>
          )}
          {!disabled && !own && (
            <MenuItem icon="ban" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'locking' })}>
              Lock out…
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'raising' && (
        <ConfirmDialog title={`Make ${name} an admin?`} confirmLabel="Make an admin" busyLabel="Saving…" run={() => administration.updateUser(id, { role: 'admin' })} onClose={close}>
          <p className="dialog-text">Admins see all users, rooms and connections of this server. They lock people out and delete rooms.</p>
        </ConfirmDialog>
      )}
      {open.kind === 'lowering' && (
        <ConfirmDialog title={`Make ${own ? 'yourself' : name} a plain user?`} confirmLabel="Make a plain user" busyLabel="Saving…" danger run={() => administration.updateUser(id, { role: 'user' })} onClose={close}>
          <p className="dialog-text">{own ? 'You lose the administration at once. Only another admin can give it back.' : `${name} loses the administration at once.`}</p>
        </ConfirmDialog>
      )}
      {open.kind === 'locking' && (
        <ConfirmDialog title={`Lock ${name} out?`} confirmLabel="Lock out" busyLabel="Locking out…" danger run={() => administration.updateUser(id, { disabled: true })} onClose={close}>
          <p className="dialog-text">All sessions end at once, and nobody signs in as {name} until you let them in again. What was written stays.</p>
        </ConfirmDialog>
      )}
      {open.kind === 'resetting' && <PasswordDialog name={name} reset={() => administration.resetPassword(id)} onClose={close} />}
    </>
  );
}

/** Asks, and then tells the new password, once. */
function PasswordDialog({ name, reset, onClose }: { name: string; reset: () => Promise<string>; onClose: () => void }) {
  const online = useOnline();
  const [action, run] = useAction();
  const [password, setPassword] = useState<string>();
  return (
    <Dialog title={password === undefined ? `Give ${name} a new password?` : `${name} has a new password`} onClose={onClose}>
      {password === undefined ? (
        <p className="dialog-text">The present one is refused from now on, and all sessions end.</p>
      ) : (
        <SecretField label="New password" value={password} nextStep="Hand it over in a safe way: it can be changed in the account." />
      )}
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {password === undefined ? 'Cancel' : 'Done'}
        </button>
        {password === undefined && (
          <button
            type="button"
            className="button danger"
            disabled={!online || action.kind === 'busy'}
            onClick={() => void run(async () => setPassword(await reset()))}
          >
            {action.kind === 'busy' ? 'Making…' : 'Make a new password'}
          </button>
        )}
      </div>
    </Dialog>
  );
}
