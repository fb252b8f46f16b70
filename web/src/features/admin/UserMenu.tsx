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

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'promoting' | 'demoting' | 'disabling' | 'resettingPassword' };

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
            <MenuItem icon="shield" disabledReason={offline} onChoose={() => setOpen({ kind: 'promoting' })}>
              Make an admin…
            </MenuItem>
          )}
          {role === 'admin' && (
            <MenuItem icon="people" disabledReason={offline} onChoose={() => setOpen({ kind: 'demoting' })}>
              Remove admin role…
            </MenuItem>
          )}
          {person && !own && (
            <MenuItem icon="key" disabledReason={offline} onChoose={() => setOpen({ kind: 'resettingPassword' })}>
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
              Enable account
            </MenuItem>
          )}
          {!disabled && !own && (
            <MenuItem icon="ban" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'disabling' })}>
              Disable account…
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'promoting' && (
        <ConfirmDialog title={`Make ${name} an admin?`} confirmLabel="Make an admin" busyLabel="Saving…" run={() => administration.updateUser(id, { role: 'admin' })} onClose={close}>
          <p className="dialog-text">Admins see all users, rooms and connections of this server. They can disable accounts and delete rooms.</p>
        </ConfirmDialog>
      )}
      {open.kind === 'demoting' && (
        <ConfirmDialog title={own ? 'Remove your admin role?' : `Remove the admin role of ${name}?`} confirmLabel="Remove admin role" busyLabel="Saving…" danger run={() => administration.updateUser(id, { role: 'user' })} onClose={close}>
          <p className="dialog-text">{own ? 'You lose access to Administration at once. Only another admin can give it back.' : `${name} loses access to Administration at once.`}</p>
        </ConfirmDialog>
      )}
      {open.kind === 'disabling' && (
        <ConfirmDialog title={`Disable the account of ${name}?`} confirmLabel="Disable account" busyLabel="Disabling…" danger run={() => administration.updateUser(id, { disabled: true })} onClose={close}>
          <p className="dialog-text">{name} is signed out everywhere and cannot sign in until you enable the account again. Messages stay.</p>
        </ConfirmDialog>
      )}
      {open.kind === 'resettingPassword' && <PasswordDialog name={name} reset={() => administration.resetPassword(id)} onClose={close} />}
    </>
  );
}
