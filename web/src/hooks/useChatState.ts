import type { Limits, OwnStatus, Room, Session, User } from '../protocol/types';
import type { OutboxEntry } from '../state/local/database';
import type { NotificationChoice } from '../state/notifications';
import type { RoomsState } from '../state/rooms';
import type { Notice } from '../state/notices';
import type { PagedState } from '../state/pagedResource';
import type { RoomSession } from '../state/room/session';
import type { SearchState } from '../state/search';
import type { ResourceState } from '../state/resource';
import type { MyRoom } from '../state/room/myRoom';
import { otherMember } from '../state/room/direct';
import { nothingUnread, type Unread } from '../state/room/unread';
import type { ConnectionState } from '../transport/socket';
import { isMuted } from '../state/room/mute';
import { memberChangeSince } from '../state/room/timeline';
import { useChat } from './context';
import { useSelect, useStore } from './useStore';

export function useMe(): User {
  return useStore(useChat().profile.user);
}

export function useOwnStatus(): OwnStatus {
  return useStore(useChat().profile.status);
}

export function useSessions(): ResourceState<readonly Session[]> {
  return useStore(useChat().profile.sessions.state);
}

export function useConnection(): ConnectionState {
  return useStore(useChat().connection);
}

export function useOnline(): boolean {
  return useSelect(useChat().connection, (state) => state.kind === 'connected');
}

export function useRooms(): RoomsState {
  return useStore(useChat().rooms.state);
}

export function useMyRoom(roomId: number): MyRoom | undefined {
  return useSelect(useChat().rooms.state, (state) => findRoom(state, roomId));
}

function findRoom(state: RoomsState, roomId: number): MyRoom | undefined {
  return state.kind === 'ready' ? state.value.find((mine) => mine.room.id === roomId) : undefined;
}

/** Returns the number of members of a room. room.memberCount was true at room.head; later system messages change it. */
export function useMemberCount(session: RoomSession): number {
  const room = useMyRoom(session.id)?.room;
  const since = useSelect(session.timeline, (timeline) => memberChangeSince(timeline, room?.head ?? 0));
  return (room?.memberCount ?? 0) + since;
}

export const NOT_CONNECTED = 'Not connected right now';

/** Returns why the user cannot write or react in a room now, or undefined if they can. */
export function useReadOnlyReason(roomId: number): string | undefined {
  const online = useOnline();
  // Every row of the list asks: select no more than the answer depends on.
  const muted = useSelect(useChat().rooms.state, (state) => isMuted(findRoom(state, roomId)?.mutedUntil));
  const blocked = useIsRoomBlocked(roomId);
  if (!online) return NOT_CONNECTED;
  if (blocked) return 'You blocked this person';
  return muted ? 'You are muted here' : undefined;
}

/** Reports whether the user has blocked another one. */
export function useIsBlocked(userId: number): boolean {
  return useSelect(useChat().blocks.ids, (ids) => ids.has(userId));
}

/** Reports whether a room is the direct room with a person that the user has blocked. */
export function useIsRoomBlocked(roomId: number): boolean {
  const { blocks, rooms, profile } = useChat();
  return useSelect(blocks.ids, (ids) => {
    const room = ids.size === 0 ? undefined : rooms.get(roomId)?.room;
    return room !== undefined && ids.has(otherMember(room, profile.id)?.id ?? 0);
  });
}

/** Returns the session of one of the user's rooms. */
export function useRoomSession(roomId: number): RoomSession | undefined {
  const chat = useChat();
  return useSelect(chat.rooms.state, () => chat.rooms.session(roomId));
}

export function useUnread(roomId: number): Unread {
  return useSelect(useChat().rooms.unread, (counts) => counts.get(roomId) ?? nothingUnread);
}

/** Reports whether notifications of a room are off. */
export function useQuiet(roomId: number): boolean {
  return useSelect(useChat().notifications.mutedRooms, (rooms) => rooms.has(roomId));
}

export function useNotificationSetting(): NotificationChoice {
  return useStore(useChat().notifications.choice);
}

/** Reports whether a room has a draft. */
export function useHasDraft(session: RoomSession): boolean {
  const written = useSelect(session.draft.text, (text) => text.trim() !== '');
  const attached = useSelect(session.draft.files, (files) => files.length > 0);
  return written || attached;
}

export function useUnsent(): readonly OutboxEntry[] {
  return useStore(useChat().outbox.entries);
}

export function useDirectory(): PagedState<Room> {
  return useStore(useChat().directory.state);
}

export function useSearch(): SearchState {
  return useStore(useChat().search.state);
}

export function useNotices(): readonly Notice[] {
  return useStore(useChat().notices.visible);
}

export function useLimits(): Limits {
  return useStore(useChat().limits);
}
