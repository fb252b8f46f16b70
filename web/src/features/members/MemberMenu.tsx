import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMyRoom, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Member, RoomRole, User } from '../../protocol/types';
import { isMuted } from '../../state/room/mute';
import { can, canRemove, assignableRoles } from '../../state/room/permissions';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { Icon } from '../../ui/Icon';
import { classNames } from '../../ui/classNames';
import { MenuItem, Popup } from '../../ui/Popup';
import styles from './MemberRow.module.css';

const roleActions: Record<RoomRole, string> = {
  member: 'Make a plain member',
  moderator: 'Make a moderator',
  admin: 'Make an admin',
  owner: 'Transfer ownership',
};

/** What is open for one member. It is kept above the rows: a row is replaced when its member comes online. */
export interface OpenMember {
  user: User;
  kind: 'menu' | 'removing' | 'handing over' | 'muting' | 'banning';
}

interface MemberMenuProps {
  session: RoomSession;
  member: Member;
  /** Whether the menu is open. */
  isOpen: boolean;
  onOpen: (kind: OpenMember['kind'] | undefined) => void;
  /** Without the message: it is offered beside the menu. */
  moderationOnly?: boolean;
  className?: string | undefined;
}

/** The actions on a member: a message, and moderation of members below the user. */
export function MemberMenu({ session, member: { user, role, mutedUntil }, isOpen, onOpen, moderationOnly = false, className = styles.menuButton }: MemberMenuProps) {
  const chat = useChat();
  const mine = useMyRoom(session.id);
  const offline = useOnline() ? undefined : 'Not connected right now';
  const [button, setButton] = useState<HTMLButtonElement | null>(null);
  const [action, run] = useAction();
  const by = mine?.role ?? 'member';
  const toGive = assignableRoles(by, role);
  const removable = canRemove(by, role);
  const close = () => onOpen(undefined);
  const name = nameOf(user);
  const transferable = can(by, 'transferOwner') && !user.guest;
  const direct = mine?.room.direct === true;
  if (direct || (moderationOnly && toGive.length === 0 && !transferable && !removable)) return null;
  return (
    <>
      <button
        ref={setButton}
        type="button"
        className={classNames('icon-button', className)}
        aria-label={`Actions for ${name}`}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-busy={action.kind === 'busy'}
        onClick={() => onOpen('menu')}
      >
        <Icon name="more" />
      </button>
      <ActionError action={action} />
      {isOpen && button !== null && (
        <Popup anchor={button} label={`Actions for ${name}`} onClose={close}>
          {!moderationOnly && (
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
          )}
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
          {transferable && (
            <MenuItem icon="key" disabledReason={offline} onChoose={() => onOpen('handing over')}>
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
            <MenuItem icon="bell" disabledReason={offline} onChoose={() => onOpen('muting')}>
              Mute…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="leave" danger disabledReason={offline} onChoose={() => onOpen('removing')}>
              Remove from the room…
            </MenuItem>
          )}
          {removable && (
            <MenuItem icon="ban" danger disabledReason={offline} onChoose={() => onOpen('banning')}>
              Ban…
            </MenuItem>
          )}
        </Popup>
      )}
    </>
  );
}
