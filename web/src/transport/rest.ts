import { type Decode, list, object, optional, string, withDefault } from '../protocol/guards';
import type { Attachment, CreatedInvite, Invite, InvitedRoom, Room, RoomRole, Session, UploadAllowance, User } from '../protocol/types';
import {
  decodeBanList,
  decodeCreateInviteResponse,
  decodeOpenDirectResponse,
  decodeMessageList,
  decodeInvitedRoomResponse,
  decodeInviteList,
  decodeJoinRoomResponse,
  decodeUpgradeGuestResponse,
  decodeMemberList,
  decodeProblem,
  decodeRoomResponse,
  decodeRoomList,
  decodeSearchResults,
  decodeSessionList,
  decodeSignedIn,
  decodeUploadAllowance,
  decodeUploadResponse,
  decodeUserList,
  decodeUserResponse,
} from '../protocol/wire.generated';
import type {
  BanList,
  UpdateRoomRequest,
  CreateInviteRequest,
  CreateRoomRequest,
  MessageList,
  JoinRoomResponse,
  MemberList,
  UpdateProfileRequest,
  RegisterRequest,
  RoomList,
  SearchResults,
} from '../protocol/wire.generated';
import { ApiError, NetworkError } from './errors';
import { type Upload, type UploadOptions, xhrUpload } from './upload';

export interface RoomQuery {
  text?: string;
  sort?: 'name' | 'members' | 'active';
  limit?: number;
  /** Whether the user's direct rooms are listed; by default they are. */
  direct?: boolean;
  cursor?: string;
}

export type NewRoom = CreateRoomRequest;
/** The fields to change; missing ones stay. An empty password removes the password. */
export type RoomPatch = UpdateRoomRequest;
/** The fields to change. An empty display name stands for the username. */
export type ProfilePatch = UpdateProfileRequest;
export type AccountCredentials = RegisterRequest;
/** Without uses the invite is for any number of users. */
export type NewInvite = CreateInviteRequest;
export type MessagePage = MessageList;
export type SearchPage = SearchResults;
export type JoinedRoom = JoinRoomResponse;

export interface MessageQuery {
  text: string;
  /** The room to search; undefined searches all rooms of the user. */
  room?: number;
  author?: number;
  /** Messages of this time or later. */
  since?: Date;
  /** Messages before this time. */
  until?: Date;
  cursor?: string;
}

/** The position of a page of messages in the room's sequence. */
export type PageAnchor = { before: number } | { after: number } | { around: number };

const BASE = '/api/v1';

/** The build and the warnings of a node. Versions before the first release report no build. */
export interface NodeInfo {
  version?: string;
  commit?: string;
  /** Names of warnings, such as untrusted_proxy. */
  warnings: string[];
}

const buildOf = object<{ version?: string; commit?: string }>({ version: optional(string), commit: optional(string) });
const reportOf = object<{ warnings: string[] }>({ warnings: withDefault(list(string), []) });
const REQUEST_TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 60_000;

export const noContent: Decode<void> = () => undefined;

/** RestClient sends requests to /api/v1 with the session cookie. The client ignores the token in responses. */
export class RestClient {
  #fetch: typeof fetch;
  #upload: Upload;

  constructor(fetcher: typeof fetch = (input, init) => fetch(input, init), upload: Upload = xhrUpload) {
    this.#fetch = fetcher;
    this.#upload = upload;
  }

  async register(username: string, password: string, displayName?: string): Promise<User> {
    const body = { username, password, ...(displayName ? { displayName } : {}) };
    return (await this.#call('POST', '/auth/register', decodeSignedIn, body)).user;
  }

  async login(username: string, password: string): Promise<User> {
    return (await this.#call('POST', '/auth/login', decodeSignedIn, { username, password })).user;
  }

  async createGuest(displayName?: string): Promise<User> {
    return (await this.#call('POST', '/auth/guest', decodeSignedIn, displayName ? { displayName } : {})).user;
  }

  logout(): Promise<void> {
    return this.#call('POST', '/auth/logout', noContent);
  }

  async getCurrentUser(): Promise<User> {
    return (await this.#call('GET', '/auth/me', decodeUserResponse)).user;
  }

  async upgradeGuest(account: AccountCredentials): Promise<User> {
    return (await this.#call('PUT', '/auth/account', decodeUpgradeGuestResponse, account)).user;
  }

  /** Deletes the account permanently. A guest has no password. */
  closeAccount(password: string | undefined): Promise<void> {
    return this.#call('DELETE', '/users/me', noContent, password === undefined ? {} : { password });
  }

  /** Changes the password. The server ends every other session. */
  changePassword(current: string, password: string): Promise<void> {
    return this.#call('PUT', '/auth/password', noContent, { current, password });
  }

  async listSessions(): Promise<Session[]> {
    return (await this.#call('GET', '/auth/sessions', decodeSessionList)).sessions;
  }

  endSession(id: number): Promise<void> {
    return this.#call('DELETE', `/auth/sessions/${id}`, noContent);
  }

  async updateProfile(patch: ProfilePatch): Promise<User> {
    return (await this.#call('PATCH', '/users/me', decodeUserResponse, patch)).user;
  }

  async setAvatar(picture: Blob): Promise<User> {
    const form = new FormData();
    form.set('file', picture);
    return (await this.#call('PUT', '/users/me/avatar', decodeUserResponse, form)).user;
  }

  removeAvatar(): Promise<void> {
    return this.#call('DELETE', '/users/me/avatar', noContent);
  }

  listRooms(query: RoomQuery = {}): Promise<RoomList> {
    const params = new URLSearchParams();
    if (query.text) params.set('q', query.text);
    if (query.sort) params.set('sort', query.sort);
    if (query.limit) params.set('limit', String(query.limit));
    if (query.direct !== undefined) params.set('direct', String(query.direct));
    if (query.cursor) params.set('cursor', query.cursor);
    return this.#call('GET', `/rooms?${params.toString()}`, decodeRoomList);
  }

  async getRoom(roomId: number): Promise<Room> {
    return (await this.#call('GET', `/rooms/${roomId}`, decodeRoomResponse)).room;
  }

  async listInvites(roomId: number): Promise<Invite[]> {
    return (await this.#call('GET', `/rooms/${roomId}/invites`, decodeInviteList)).invites;
  }

  async createInvite(roomId: number, invite: NewInvite): Promise<CreatedInvite> {
    return (await this.#call('POST', `/rooms/${roomId}/invites`, decodeCreateInviteResponse, invite)).invite;
  }

  revokeInvite(roomId: number, inviteId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}/invites/${inviteId}`, noContent);
  }

  async getInvitePreview(token: string): Promise<InvitedRoom> {
    return (await this.#call('GET', `/invites/${encodeURIComponent(token)}`, decodeInvitedRoomResponse)).room;
  }

  joinByInvite(token: string): Promise<JoinedRoom> {
    return this.#call('POST', `/invites/${encodeURIComponent(token)}/join`, decodeJoinRoomResponse);
  }

  openDirect(userId: number): Promise<JoinedRoom> {
    return this.#call('PUT', `/users/${userId}/direct`, decodeOpenDirectResponse);
  }

  listBans(roomId: number, cursor?: string): Promise<BanList> {
    const params = new URLSearchParams({ limit: '100', ...(cursor === undefined ? {} : { cursor }) });
    return this.#call('GET', `/rooms/${roomId}/bans?${params.toString()}`, decodeBanList);
  }

  ban(roomId: number, userId: number, reason: string): Promise<void> {
    return this.#call('PUT', `/rooms/${roomId}/bans/${userId}`, noContent, reason === '' ? {} : { reason });
  }

  unban(roomId: number, userId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}/bans/${userId}`, noContent);
  }

  mute(roomId: number, userId: number, seconds: number): Promise<void> {
    return this.#call('PUT', `/rooms/${roomId}/members/${userId}/mute`, noContent, { seconds });
  }

  unmute(roomId: number, userId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}/members/${userId}/mute`, noContent);
  }

  searchMessages({ text, room, author, since, until, cursor }: MessageQuery): Promise<SearchPage> {
    const params = new URLSearchParams({ q: text, limit: '20' });
    if (room !== undefined) params.set('room', String(room));
    if (author !== undefined) params.set('author', String(author));
    if (since !== undefined) params.set('since', since.toISOString());
    if (until !== undefined) params.set('until', until.toISOString());
    if (cursor !== undefined) params.set('cursor', cursor);
    return this.#call('GET', `/search/messages?${params.toString()}`, decodeSearchResults);
  }

  /** Returns users that the current user may write to and that match the text by name; without a text first those of the same rooms. */
  async searchUsers(text: string, limit: number): Promise<User[]> {
    const params = new URLSearchParams({ q: text, limit: String(limit) });
    return (await this.#call('GET', `/users?${params.toString()}`, decodeUserList)).users;
  }

  async createRoom(room: NewRoom): Promise<Room> {
    return (await this.#call('POST', '/rooms', decodeRoomResponse, room)).room;
  }

  joinRoom(roomId: number, password?: string): Promise<JoinedRoom> {
    return this.#call('POST', `/rooms/${roomId}/join`, decodeJoinRoomResponse, password === undefined ? {} : { password });
  }

  joinRoomByName(name: string, password?: string): Promise<JoinedRoom> {
    return this.#call('POST', '/rooms/join', decodeJoinRoomResponse, { name, ...(password === undefined ? {} : { password }) });
  }

  leaveRoom(roomId: number): Promise<void> {
    return this.#call('POST', `/rooms/${roomId}/leave`, noContent);
  }

  async updateRoom(roomId: number, patch: RoomPatch): Promise<Room> {
    return (await this.#call('PATCH', `/rooms/${roomId}`, decodeRoomResponse, patch)).room;
  }

  deleteRoom(roomId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}`, noContent);
  }

  setRole(roomId: number, userId: number, role: RoomRole): Promise<void> {
    return this.#call('PATCH', `/rooms/${roomId}/members/${userId}`, noContent, { role });
  }

  removeMember(roomId: number, userId: number): Promise<void> {
    return this.#call('DELETE', `/rooms/${roomId}/members/${userId}`, noContent);
  }

  /** Lists a page of the members, the online ones first, or those whose names match the text. */
  listMembers(roomId: number, { text = '', limit = 100, cursor }: { text?: string; limit?: number; cursor?: string | undefined } = {}): Promise<MemberList> {
    const params = new URLSearchParams({ limit: String(limit), ...(text === '' ? {} : { q: text }), ...(cursor === undefined ? {} : { cursor }) });
    return this.#call('GET', `/rooms/${roomId}/members?${params.toString()}`, decodeMemberList);
  }

  /** Uploads a file. The server deletes it if no message uses it within a day. */
  async upload(file: Blob, name: string, options: UploadOptions): Promise<Attachment> {
    const form = new FormData();
    form.set('file', file, name);
    const response = await this.#upload(`${BASE}/uploads`, form, options).catch(() => {
      throw new NetworkError();
    });
    return (await decodeResponse(response, decodeUploadResponse, '/uploads')).attachment;
  }

  getUploadAllowance(): Promise<UploadAllowance> {
    return this.#call('GET', '/uploads/allowance', decodeUploadAllowance);
  }

  listMessages(roomId: number, place: PageAnchor, limit: number): Promise<MessagePage> {
    const [[where, seq] = ['before', 0]] = Object.entries(place);
    return this.#call('GET', `/rooms/${roomId}/messages?${where}=${seq}&limit=${limit}`, decodeMessageList);
  }

  /** Returns the report of the node that responds. A node that is not ready returns a report, too. */
  async getNodeInfo(): Promise<NodeInfo> {
    const build = await decodeResponse(await this.#send('GET', '/health', undefined, ''), buildOf, '/health');
    const { warnings } = reportOf(await readJson(await this.#send('GET', '/health/ready', undefined, '')), '/health/ready');
    return { ...build, warnings };
  }

  /** Sends a request below /api/v1 for the clients of other files. */
  call<T>(method: string, path: string, decode: Decode<T>, body?: object): Promise<T> {
    return this.#call(method, path, decode, body);
  }

  async #call<T>(method: string, path: string, decode: Decode<T>, body?: object): Promise<T> {
    return decodeResponse(await this.#send(method, path, body), decode, path);
  }

  async #send(method: string, path: string, body?: object, base = BASE): Promise<Response> {
    // The browser sets the content type of a form, with its boundary.
    const form = body instanceof FormData;
    const content: HeadersInit = body === undefined || form ? {} : { 'Content-Type': 'application/json' };
    try {
      return await this.#fetch(base + path, {
        method,
        credentials: 'same-origin',
        headers: { Accept: 'application/json', ...content },
        ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(form ? UPLOAD_TIMEOUT_MS : REQUEST_TIMEOUT_MS),
      });
    } catch {
      throw new NetworkError();
    }
  }
}

async function decodeResponse<T>(response: Response, decode: Decode<T>, path: string): Promise<T> {
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return decode(undefined, path);
  return decode(await readJson(response), path);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new NetworkError();
  }
}

/** Converts a problem+json response to an error. The error page of a proxy counts as an unreachable server. */
async function errorOf(response: Response): Promise<Error> {
  const retryAfter = Number(response.headers.get('Retry-After'));
  const retryAfterMs = retryAfter > 0 ? retryAfter * 1000 : undefined;
  try {
    const problem = decodeProblem((await response.json()) as unknown, 'problem');
    const detail = problem.detail || problem.errors[0]?.message || problem.title;
    // The detail says more than the message of a single field.
    const text = (message: string) => (problem.errors.length === 1 ? detail : message);
    const fields = problem.errors.map(({ location, message }) => ({ field: location.replace(/^body\./, ''), message: text(message) }));
    return new ApiError(problem.code, detail, { retryAfterMs, fields });
  } catch {
    if (response.status === 401) return new ApiError('UNAUTHENTICATED', 'Please sign in.');
    if (response.status >= 500) return new NetworkError();
    return new ApiError('INTERNAL', '', { retryAfterMs });
  }
}
