import { type ReactNode, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline, useReadOnlyReason } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { Member, User } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { ActionError } from '../../ui/ActionError';
import { Icon } from '../../ui/Icon';
import { MemberDialog } from '../members/MemberDialogs';
import { MemberMenu, type OpenMember } from '../members/MemberMenu';
import { BlockDialog } from './BlockDialog';
import styles from './PersonCard.module.css';

interface PersonActionsProps {
  user: User;
  blocked: boolean;
  session: RoomSession | undefined;
  /** The membership in the room of the session. */
  member: Member | undefined;
  onDialog: (dialog: ReactNode) => void;
  onClose: () => void;
}

export function PersonActions({ user, blocked, session, member, onDialog, onClose }: PersonActionsProps) {
  const chat = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  const [menuOpen, setMenuOpen] = useState(false);
  const busy = action.kind === 'busy';
  const readOnly = useReadOnlyReason(session?.id ?? 0);
  // Without a connection a mention is written into the draft as well.
  const canMention = session !== undefined && member !== undefined && (!online || readOnly === undefined);

  async function message() {
    const room = await chat.rooms.openDirect(user.id);
    goTo(roomHref(room.id));
    onClose();
  }

  function block() {
    onDialog(<BlockDialog user={user} onClose={onClose} />);
  }

  function moderate(kind: OpenMember['kind'] | undefined) {
    setMenuOpen(kind === 'menu');
    if (session === undefined || kind === undefined || kind === 'menu') return;
    onDialog(<MemberDialog kind={kind} session={session} user={user} onClose={onClose} />);
  }

  return (
    <>
      <div className={styles.actions}>
        {!blocked && (
          <button type="button" className="button primary" disabled={busy} onClick={() => void run(message)}>
            <Icon name="message" /> Message
          </button>
        )}
        {!blocked && canMention && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onClose();
              session.draft.insert(`@${user.username}`);
            }}
          >
            Mention
          </button>
        )}
        {blocked ? (
          <button type="button" className="button" disabled={!online || busy} onClick={() => void run(() => chat.blocks.setBlocked(user.id, false))}>
            Unblock
          </button>
        ) : (
          <button type="button" className="button" aria-haspopup="dialog" onClick={block}>
            <Icon name="ban" /> Block…
          </button>
        )}
        {session && member && (
          <MemberMenu
            session={session}
            member={{ ...member, user }}
            moderationOnly
            className={styles.more}
            isOpen={menuOpen}
            onOpen={moderate}
          />
        )}
      </div>
      <ActionError action={action} />
    </>
  );
}
