import {
  decodeMember,
  decodeMembership,
  decodeMessage,
  decodeProblem,
  decodeRoom,
  decodeSession,
  decodeUser,
} from '../protocol/decode';
import { boolean, type Decode, list, number, object, optional, string, withDefault } from '../protocol/guards';
import type { Member, Membership, Message, Room, RoomRole, Session, User } from '../protocol/types';
import { Refused, Unreachable } from './errors';

export interface RoomQuery {
  text?: string;
  sort?: 'name' | 'members' | 'active';
  limit?: number;
  cursor?: string;
}

export interface NewRoom {
  name: string;
  description?: string;
  private?: boolean;
  password?: string;
}

/** What is to change of a room; the rest stays. An empty password takes it away. */
export type RoomPatch = Partial<NewRoom>;

/** What is to change of one's own profile; an empty display name is the username. */
export interface ProfilePatch {
  displayName?: string;
  statusMessage?: string;
}

export interface Page {
  messages: Message[];
  head: number;
  hasMore: boolean;
}

/** Where a page of messages stands in the room's sequence. */
export type PagePlace = { before: number } | { after: number } | { around: number };

export interface Joined {
  room: Room;
  membership: Membership;
}

const BASE = '/api/v1';
const ANSWER_MS = 15_000;
const UPLOAD_MS = 60_000;

const nothing: Decode<void> = () => undefined;
const userOf = object<{ user: User }>({ user: decodeUser });
const roomOf = object<{ room: Room }>({ room: decodeRoom });
const joinedOf = object<Joined>({ room: decodeRoom, membership: decodeMembership });
const roomsOf = object<{ rooms: Room[]; nextCursor?: string }>({ rooms: list(decodeRoom), nextCursor: optional(string) });
const membersOf = object<{ members: Member[]; nextCursor?: string }>({
  members: list(decodeMember),
  nextCursor: optional(string),
});
const sessionsOf = object<{ sessions: Session[] }>({ sessions: list(decodeSession) });
const pageOf = object<Page>({
  messages: list(decodeMessage),
  head: withDefault(number, 0),
  hasMore: withDefault(boolean, false),
});

/** Rest speaks to /api/v1 with the session cookie; the token of the answers is never kept. */
export class Rest {
  #fetch: typeof fetch;

  constructor(fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#fetch = fetcher;
  }

  async register(username: string, password: string, displayName?: string): Promise<User> {
    const body = { username, password, ...(displayName ? { displayName } : {}) };
    return (await this.#call('POST', '/auth/register', userOf, body)).user;
  }

  async login(username: string, password: string): Promise<User> {
    return (await this.#call('POST', '/auth/login', userOf, { username, password })).user;
  }

  async guest(displayName?: string): Promise<User> {
    return (await this.#call('POST', '/auth/guest', userOf, displayName ? { displayName } : {})).user;
  }

  logout(): Promise<void> {
    return this.#call('POST', '/auth/logout', nothing);
  }

  async me(): Promise<User> {
    return (await this.#call('GET', '/auth/me', userOf)).user;
  }

  /** Every other session ends. */
  changePassword(current: string, password: string): Promise<void> {
    return this.#call('PUT', '/auth/password', nothing, { current, password });
  }

  async sessions(): Promise<Session[]> {
    return (await this.#call('GET', '/auth/sessions', sessionsOf)).sessions;
  }

  endSession(id: number): Promise<void> {
    return this.#call('DELETE', `/auth/sessions/${id}`, nothing);
  }

  async changeProfile(patch: ProfilePatch): Promise<User> {
    return (await this.#call('PATCH', '/users/me', userOf, patch)).user;
  }

  async setAvatar(picture: Blob): Promise<User> {
    const form = new FormData();
    form.set('file', picture);
    return (await this.#call('PUT', '/users/me/avatar', userOf, form)).user;
  }

  removeAvatar(): Promise<void> {
    return this.#call('DELETE', '/users/me/avatar', nothing);
  }

  rooms(query: RoomQuery = {}): Promise<{ rooms: Room[]; nextCursor?: string }> {
    const params = new URLSearchParams();
    if (query.text) params.set('q', query.text);
    if (query.sort) params.set('sort', query.sort);
    if (query.limit) params.set('limit', String(query.limit));
    if (query.cursor) params.set('cursor', query.cursor);
    return this.#call('GET', `/rooms?${params.toString()}`, roomsOf);
  }

  async createRoom(room: NewRoom): Promise<Room> {
    return (await this.#call('POST', '/rooms', roomOf, room)).room;
  }

  joinRoom(roomId: number, password?: string): Promise<Joined> {
    return this.#call('POST', `/rooms/${roomId}/join`, joinedOf, password === undefined ? {} : { password });
  }

  joinRoomByName(name: string, password?: string): Promise<Joined> {
    return this.#call('POST', '/rooms/join', joinedOf, { name, ...(password === undefined ? {} : { password }) });
  }

  leaveRoom(roomId: number): Promise<void> {
    return this.#call('POST', `/rooms/${roomId}/leave`, nothing);
  }

  async changeRoom(roomId: number, patch: RoomPatch): Promise<Room> {
    return (await this.#call('PATCH', `/rooms/${roomId}`, roomOf, patch)).room;
  }

  deleteRoom(roomId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}`, nothing);
  }

  setRole(roomId: number, userId: number, role: RoomRole): Promise<void> {
    return this.#call('PATCH', `/rooms/${roomId}/members/${userId}`, nothing, { role });
  }

  removeMember(roomId: number, userId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}/members/${userId}`, nothing);
  }

  members(roomId: number, cursor?: string): Promise<{ members: Member[]; nextCursor?: string }> {
    const params = new URLSearchParams({ limit: '100', ...(cursor === undefined ? {} : { cursor }) });
    return this.#call('GET', `/rooms/${roomId}/members?${params.toString()}`, membersOf);
  }

  messages(roomId: number, place: PagePlace, limit: number): Promise<Page> {
    const [[where, seq] = ['before', 0]] = Object.entries(place);
    return this.#call('GET', `/rooms/${roomId}/messages?${where}=${seq}&limit=${limit}`, pageOf);
  }

  async #call<T>(method: string, path: string, decode: Decode<T>, body?: object): Promise<T> {
    const answer = await this.#send(method, path, body);
    if (!answer.ok) throw await refusal(answer);
    if (answer.status === 204) return decode(undefined, path);
    return decode(await json(answer), path);
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    // A form names its own type, with the boundary that the browser has drawn.
    const form = body instanceof FormData;
    const content: HeadersInit = body === undefined || form ? {} : { 'Content-Type': 'application/json' };
    try {
      return await this.#fetch(BASE + path, {
        method,
        credentials: 'same-origin',
        headers: { Accept: 'application/json', ...content },
        ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(form ? UPLOAD_MS : ANSWER_MS),
      });
    } catch {
      throw new Unreachable();
    }
  }
}

async function json(answer: Response): Promise<unknown> {
  try {
    return (await answer.json()) as unknown;
  } catch {
    throw new Unreachable();
  }
}

/** Reads problem+json; a proxy's own error page counts as a server that is away. */
async function refusal(answer: Response): Promise<Error> {
  const retryAfter = Number(answer.headers.get('Retry-After'));
  const retryAfterMs = retryAfter > 0 ? retryAfter * 1000 : undefined;
  try {
    const problem = decodeProblem((await answer.json()) as unknown, 'problem');
    const first = problem.errors[0];
    const detail = problem.detail || first?.message || problem.title;
    return new Refused(problem.code, detail, { retryAfterMs, field: first?.location.replace(/^body\./, '') });
  } catch {
    if (answer.status === 401) return new Refused('UNAUTHENTICATED', 'Please sign in.');
    if (answer.status >= 500) return new Unreachable();
    return new Refused('INTERNAL', '', { retryAfterMs });
  }
}
