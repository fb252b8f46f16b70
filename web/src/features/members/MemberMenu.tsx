import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMyRoom, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Member, RoomRole } from '../../protocol/types';
import { rejoinHint } from '../../state/room/rejoin';
import { isMuted } from '../../state/room/mute';
import { can, canRemove, assignableRoles } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { BanDialog, MuteDialog } from './MemberDialogs';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ActionError } from '../../ui/ActionError';
import { Icon } from '../../ui/Icon';
import { MenuItem, Popup } from '../../ui/Popup';
import styles from './MemberRow.module.css';

const roleActions: Record<RoomRole, string> = {
  member: 'Make a plain member',
  moderator: 'Make a moderator',
  admin: 'Make an admin',
  owner: 'Transfer ownership',
};

type Open = { kind: 'nothing' } | { kind: 'menu'; anchor: HTMLElement } | { kind: 'removing' | 'handing over' | 'muting' | 'banning' };

/** The actions on a member: a message, and moderation of members below the user. */
export function MemberMenu({ session, member: { user, role, mutedUntil } }: { session: RoomSession; member: Member }) {
  const chat = useChat();
  const mine = useMyRoom(session.id);
  const offline = useOnline() ? undefined : 'Not connected right now';
  const [open, setOpen] = useState<Open>({ kind: 'nothing' });
  const [action, run] = useAction();
  const by = mine?.role ?? 'member';
  const toGive = assignableRoles(by, role);
  const removable = canRemove(by, role);
  const close = () => setOpen({ kind: 'nothing' });
  const name = nameOf(user);
  const direct = mine?.room.direct === true;
  if (direct) return null;
  return (
    <>
      <button
        type="button"
        className={`icon-button ${styles.menuButton}`}
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={open.kind === 'menu'}
        aria-busy={action.kind === 'busy'}
        onClick={(event) => setOpen({ kind: 'menu', anchor: event.currentTarget })}
      >
        <Icon name="more" />
      </button>
      <ActionError action={action} />
      {open.kind === 'menu' && (
        <Popup anchor={open.anchor} label={`Actions for ${name}`} onClose={close}>
          <MenuItem
            icon="message"
            disabledReason={offline}
            onChoose={() => {
              close();
              void run(async () => goTo(roomHref((await chat.rooms.openDirect(user.id)).id)));
            }}
          >
            Message
          </MenuItem>
          {toGive.map((next) => (
            <MenuItem
              key={next}
              icon={next === 'member' ? 'people' : 'shield'}
              disabledReason={offline}
              onChoose={() => {
                close();
                void run(() => session.members.setRole(user.id, next));
              }}
            >
              {roleActions[next]}
            </MenuItem>
          ))}
          {can(by, 'transferOwner') && !user.guest && (
            <MenuItem icon="key" disabledReason={offline} onChoose={() => setOpen({ kind: 'handing over' })}>
              {roleActions.owner}…
            </MenuItem>
          )}
          {removable && isMuted(mutedUntil) && (
            <MenuItem
              icon="bell"
              disabledReason={offline}
              onChoose={() => {
                close();
                void run(() => session.members.unmute(user.id));
              }}
            >
              Unmute
            </MenuItem>
          )}
          {removable && !isMuted(mutedUntil) && (
            <MenuItem icon="bell" disabledReason={offline} onChoose={() => setOpen({ kind: 'muting' })}>
              Mute…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="leave" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'removing' })}>
              Remove from the room…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="ban" danger disabledReason={offline} onChoose={() => setOpen({ kind: 'banning' })}>
              Ban…
            </MenuItem>
          )}
        </Popup>
      )}
      {open.kind === 'removing' && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          confirmLabel="Remove"
          busyLabel="Removing…"
          danger
          run={() => session.members.remove(user.id)}
          onClose={close}
        >
          <p className="dialog-text">What {name} wrote stays. {mine && rejoinHint(mine.room, 'they')}</p>
        </ConfirmDialog>
      )}
      {open.kind === 'muting' && <MuteDialog session={session} user={user} onClose={close} />}
      {open.kind === 'banning' && <BanDialog session={session} user={user} onClose={close} />}
      {open.kind === 'handing over' && (
        <ConfirmDialog
          title={`Transfer this room to ${name}?`}
          confirmLabel="Transfer"
          busyLabel="Transferring…"
          danger
          run={() => session.members.setRole(user.id, 'owner')}
          onClose={close}
        >
          <p className="dialog-text">{name} becomes the owner, and you an admin. Only {name} can give it back.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
