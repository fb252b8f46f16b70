import type { Limits, OwnStatus, User } from '../protocol/types';
import type { OutboxEntry } from '../state/vault';
import type { RoomsState } from '../state/chat';
import type { DirectoryState } from '../state/directory';
import type { Notice } from '../state/notices';
import type { RoomSession } from '../state/room';
import type { SearchState } from '../state/search';
import type { SessionsState } from '../state/sessions';
import { type MyRoom, nothingUnread, type Unread } from '../state/unread';
import type { ConnectionState } from '../transport/socket';
import { useChat } from './context';
import { useSelect, useStore } from './useStore';

export function useMe(): User {
  return useStore(useChat().user);
}

export function useOwnStatus(): OwnStatus {
  return useStore(useChat().status);
}

export function useSessions(): SessionsState {
  return useStore(useChat().sessions.state);
}

export function useConnection(): ConnectionState {
  return useStore(useChat().connection);
}

export function useOnline(): boolean {
  return useSelect(useChat().connection, (state) => state.kind === 'connected');
}

export function useRooms(): RoomsState {
  return useStore(useChat().rooms);
}

export function useMyRoom(roomId: number): MyRoom | undefined {
  return useSelect(useChat().rooms, (state) =>
    state.kind === 'ready' ? state.rooms.find((mine) => mine.room.id === roomId) : undefined,
  );
}

/** The live side of one of the user's rooms. */
export function useRoomSession(roomId: number): RoomSession | undefined {
  const chat = useChat();
  return useSelect(chat.rooms, () => chat.session(roomId));
}

export function useUnread(roomId: number): Unread {
  return useSelect(useChat().unread, (counts) => counts.get(roomId) ?? nothingUnread);
}

/** Of all rooms together; kind: what is counted. */
export function useUnreadTotal(kind: keyof Unread): number {
  return useSelect(useChat().unread, (counts) => [...counts.values()].reduce((sum, count) => sum + count[kind], 0));
}

export function useUnsent(): readonly OutboxEntry[] {
  return useStore(useChat().outbox.entries);
}

export function useDirectory(): DirectoryState {
  return useStore(useChat().directory.state);
}

export function useSearch(): SearchState {
  return useStore(useChat().search.state);
}

export function useNotices(): readonly Notice[] {
  return useStore(useChat().notices.shown);
}

export function useLimits(): Limits {
  return useStore(useChat().limits);
}
