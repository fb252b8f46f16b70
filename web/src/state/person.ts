import { list, object } from '../protocol/guards';
import type { Member, Room, User } from '../protocol/types';
import { decodeMemberView, decodeRoom, decodeUserResponse } from '../protocol/wire.generated';
import { ApiError } from '../transport/errors';
import type { RestClient } from '../transport/rest';
import { Resource } from './resource';

const decodeMember = object<{ member: Member }>({ member: decodeMemberView });
const decodeRooms = object<{ rooms: Room[] }>({ rooms: list(decodeRoom) });

/** PersonDetails is what the card of a user shows. */
export class PersonDetails {
  readonly user: Resource<User>;
  /** The membership in the room in which the card is open; undefined for a user that is no member. */
  readonly member: Resource<Member | undefined>;
  /** The rooms that this user and the other one are members of. */
  readonly rooms: Resource<readonly Room[]>;

  constructor(rest: RestClient, userId: number, roomId: number | undefined) {
    this.user = new Resource(async () => (await rest.call('GET', `/users/${userId}`, decodeUserResponse)).user);
    this.member = new Resource(async () => (roomId === undefined ? undefined : readMember(rest, roomId, userId)));
    this.rooms = new Resource(async () => (await rest.call('GET', `/users/${userId}/rooms`, decodeRooms)).rooms);
  }

  async load(): Promise<void> {
    await Promise.all([this.user.refresh(), this.member.refresh(), this.rooms.refresh()]);
  }
}

async function readMember(rest: RestClient, roomId: number, userId: number): Promise<Member | undefined> {
  try {
    return (await rest.call('GET', `/rooms/${roomId}/members/${userId}`, decodeMember)).member;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Reports whether a user is the rest of a deleted account. */
export function isDeleted({ username, displayName }: { username: string; displayName: string }): boolean {
  return displayName === 'Deleted user' && username.startsWith('deleted-');
}
