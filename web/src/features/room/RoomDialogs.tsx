import { useChat } from '../../hooks/context';
import { goTo, homeHref } from '../../hooks/useRoute';
import type { MyRoom } from '../../state/room/myRoom';
import type { RoomSession } from '../../state/room/session';
import { Dialog } from '../../ui/Dialog';
import { Webhooks } from '../lazy';
import { BansDialog } from '../members/BansDialog';
import { DeleteRoomDialog } from '../rooms/DeleteRoomDialog';
import { RoomSettingsDialog } from '../rooms/RoomSettingsDialog';
import { InviteDialog } from './InviteDialog';
import { LeaveDialog } from './LeaveRoomDialog';

export type RoomDialogKind = 'leave' | 'settings' | 'webhooks' | 'delete' | 'invite' | 'bans';

interface RoomDialogsProps {
  kind: RoomDialogKind;
  mine: MyRoom;
  session: RoomSession;
  /** Shows another dialog in place of this one. */
  onOpen: (kind: RoomDialogKind) => void;
  onClose: () => void;
}

/** The dialogs of a room. They are loaded when the first one is opened. */
export function RoomDialogs({ kind, mine, session, onOpen, onClose }: RoomDialogsProps) {
  const chat = useChat();
  const { room } = mine;
  switch (kind) {
    case 'leave':
      return <LeaveDialog mine={mine} onClose={onClose} />;
    case 'settings':
      return <RoomSettingsDialog mine={mine} onClose={onClose} onDelete={() => onOpen('delete')} onWebhooks={() => onOpen('webhooks')} />;
    case 'invite':
      return <InviteDialog session={session} roomName={room.name} onClose={onClose} />;
    case 'bans':
      return <BansDialog session={session} onClose={onClose} />;
    case 'webhooks':
      return (
        <Dialog title="Webhooks" description="Programs post messages here, or receive the events of this room." onClose={onClose}>
          <Webhooks session={session} />
        </Dialog>
      );
    case 'delete':
      return <DeleteRoomDialog room={room} onDelete={() => chat.rooms.delete(room.id).then(() => goTo(homeHref))} onClose={onClose} />;
  }
}
