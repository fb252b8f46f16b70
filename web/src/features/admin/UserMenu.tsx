import { useState } from 'react';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { adminHref, goTo } from '../../hooks/useRoute';
import type { Account } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ActionError } from '../../ui/ActionError';
import { Icon } from '../../ui/Icon';
import { MenuItem, Popup } from '../../ui/Popup';
import { PasswordDialog } from './ResetPasswordDialog';

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'raising' | 'lowering' | 'locking' | 'resetting' };

/** The actions on a user. For their own account admins can change only the role. */
export function UserMenu({ administration, account }: { administration: Administration; account: Account }) {
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
              Unlock
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
