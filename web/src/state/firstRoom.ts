import { ApiError } from '../transport/errors';
import type { Rooms } from './rooms';

const FIRST_ROOM = 'general';

/**
 * Returns the first room of a new server and creates it if the user has none. It may be called again: if the
 * response of an earlier call was lost, or another user was faster, the name is taken and the user joins that
 * room. It returns undefined if the room of that name cannot be joined, and throws the errors of other failures.
 */
export async function openFirstRoom(rooms: Rooms): Promise<number | undefined> {
  const state = rooms.state.getSnapshot();
  const own = state.kind === 'ready' ? state.value.map(({ room }) => room).filter(({ direct }) => !direct) : [];
  const known = own.find(({ name }) => name === FIRST_ROOM) ?? own[0];
  if (known !== undefined) return known.id;
  try {
    return (await rooms.create({ name: FIRST_ROOM })).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'ROOM_NAME_TAKEN') throw error;
  }
  try {
    return (await rooms.joinByName(FIRST_ROOM)).id;
  } catch (error) {
    if (error instanceof ApiError && !error.retryable) return undefined;
    throw error;
  }
}
