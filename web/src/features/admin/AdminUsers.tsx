import { useState } from 'react';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useDeed } from '../../hooks/useDeed';
import { useQuestion } from '../../hooks/useQuestion';
import { adminHref, goTo } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { Account } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { Avatar, nameOf } from '../../ui/Avatar';
import { briefDay } from '../../ui/briefDay';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { DeedFailed } from '../../ui/DeedFailed';
import { timeOf } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { Face } from '../../ui/Face';
import { FormError } from '../../ui/Field';
import { Handout } from '../../ui/Handout';
import { Icon } from '../../ui/Icon';
import { Pager } from '../../ui/Pager';
import { MenuItem, Popup } from '../../ui/Popup';
import { SearchField } from '../../ui/SearchField';

export function AdminUsers({ administration }: { administration: Administration }) {
  const state = useStore(administration.users.state);
  const [text, setText] = useQuestion(administration.users);
  return (
    <>
      <SearchField label="Search users" placeholder="Part of a name or email" text={text} onText={setText} />
      <Pager
        pages={administration.users}
        state={state}
        of="users"
        avatars
        empty={<Face icon="search" title="Nobody found">{`No name or email has “${text.trim()}” in it.`}</Face>}
        onRetry={() => void administration.users.ask(text)}
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
      <UserTools administration={administration} account={account} />
    </div>
  );
}

function factsOf({ email, sessions, lastSeenAt, createdAt }: Account): string {
  const count = sessions === 0 ? 'no session' : sessions === 1 ? '1 session' : `${sessions} sessions`;
  const seen = lastSeenAt === undefined ? [] : [`seen ${briefDay(lastSeenAt)}, ${timeOf(lastSeenAt)}`];
  return [...(email ? [email] : []), count, ...seen, `since ${briefDay(createdAt)}`].join(' · ');
}

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'raising' | 'lowering' | 'locking' | 'resetting' };

/** What may be done to a user. One's own account is looked after by itself, but for the role. */
function UserTools({ administration, account }: { administration: Administration; account: Account }) {
  const me = useMe();
  const offline = useOnline() ? undefined : 'Not connected right now';
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const [deed, run] = useDeed();
  const close = () => setOpen({ kind: 'nothing' });
  const { id, role, guest, disabled } = account;
  const name = nameOf(account);
  const own = id === me.id;
  const person = role !== 'bot' && !guest;
  return (
    <>
      <DeedFailed deed={deed} />
      <button
        type="button"
        className="icon-button"
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={open.kind === 'menu'}
        aria-busy={deed.kind === 'busy'}
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
            <MenuItem icon="shield" unless={offline} onChoose={() => setOpen({ kind: 'raising' })}>
              Make an admin…
            </MenuItem>
          )}
          {role === 'admin' && (
            <MenuItem icon="people" unless={offline} onChoose={() => setOpen({ kind: 'lowering' })}>
              Make a plain user…
            </MenuItem>
          )}
          {person && !own && (
            <MenuItem icon="key" unless={offline} onChoose={() => setOpen({ kind: 'resetting' })}>
              New password…
            </MenuItem>
          )}
          {disabled && (
            <MenuItem
              icon="enter"
              unless={offline}
              onChoose={() => {
                close();
                void run(() => administration.changeUser(id, { disabled: false }));
              }}
            >
              Let in again
            </MenuItem>
          )}
          {!disabled && !own && (
            <MenuItem icon="ban" danger unless={offline} onChoose={() => setOpen({ kind: 'locking' })}>
              Lock out…
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'raising' && (
        <ConfirmDialog title={`Make ${name} an admin?`} deed="Make an admin" busy="Saving…" run={() => administration.changeUser(id, { role: 'admin' })} onClose={close}>
          <p className="dialog-text">Admins see all users, rooms and connections of this server. They lock people out and delete rooms.</p>
        </ConfirmDialog>
      )}
      {open.kind === 'lowering' && (
        <ConfirmDialog title={`Make ${own ? 'yourself' : name} a plain user?`} deed="Make a plain user" busy="Saving…" danger run={() => administration.changeUser(id, { role: 'user' })} onClose={close}>
          <p className="dialog-text">{own ? 'You lose the administration at once. Only another admin can give it back.' : `${name} loses the administration at once.`}</p>
        </ConfirmDialog>
      )}
      {open.kind === 'locking' && (
        <ConfirmDialog title={`Lock ${name} out?`} deed="Lock out" busy="Locking out…" danger run={() => administration.changeUser(id, { disabled: true })} onClose={close}>
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
  const [deed, run] = useDeed();
  const [password, setPassword] = useState<string>();
  return (
    <Dialog title={password === undefined ? `Give ${name} a new password?` : `${name} has a new password`} onClose={onClose}>
      {password === undefined ? (
        <p className="dialog-text">The present one is refused from now on, and all sessions end.</p>
      ) : (
        <Handout label="New password" value={password} then="Hand it over in a safe way: it can be changed in the account." />
      )}
      {deed.kind === 'failed' && <FormError>{deed.reason}</FormError>}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {password === undefined ? 'Cancel' : 'Done'}
        </button>
        {password === undefined && (
          <button
            type="button"
            className="button danger"
            disabled={!online || deed.kind === 'busy'}
            onClick={() => void run(async () => setPassword(await reset()))}
          >
            {deed.kind === 'busy' ? 'Making…' : 'Make a new password'}
          </button>
        )}
      </div>
    </Dialog>
  );
}
