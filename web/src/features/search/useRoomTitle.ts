import { useMe, useMyRoom } from '../../hooks/useChatState';
import { roomTitle } from '../../state/room/direct';

/** Returns the title of one of the user's rooms. */
export function useRoomTitle(roomId: number): string | undefined {
  const me = useMe();
  const room = useMyRoom(roomId)?.room;
  return room && roomTitle(room, me.id);
}
