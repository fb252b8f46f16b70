/** The wire's words. What the server may send and what it accepts, docs/protocol.md. */

export type Status = 'online' | 'away' | 'busy' | 'offline' | 'unknown';
export type RoomRole = 'owner' | 'admin' | 'moderator' | 'member';

export interface User {
  id: number;
  username: string;
  displayName: string;
  avatarUrl: string;
  guest: boolean;
  role: 'user' | 'admin' | 'bot';
  status: Status;
  statusMessage: string;
  createdAt: string;
}

export interface Author {
  id: number;
  username: string;
  displayName: string;
  avatarUrl: string;
}

export interface Room {
  id: number;
  name: string;
  description: string;
  private: boolean;
  hasPassword: boolean;
  ownerId: number;
  memberCount: number;
  /** null where presence cannot be known. */
  onlineCount: number | null;
  head: number;
  epoch: string;
  createdAt: string;
}

export interface Membership {
  roomId: number;
  userId: number;
  role: RoomRole;
  joinedAt: string;
  lastRead: number;
}

export interface Member {
  user: User;
  role: RoomRole;
  status: Status;
  joinedAt: string;
}

export interface OwnRoom {
  room: Room;
  role: RoomRole;
  lastRead: number;
  unread: number;
}

export interface SystemInfo {
  action: string;
  userId: number;
}

export interface Reply {
  id: number;
  seq: number;
  author: Author;
  excerpt: string;
}

export interface Attachment {
  id: number;
  name: string;
  size: number;
  contentType: string;
  width?: number;
  height?: number;
  url: string;
}

export interface Reaction {
  emoji: string;
  count: number;
  me: boolean;
}

export interface Message {
  id: number;
  roomId: number;
  /** The room's number of the message; never changes. */
  seq: number;
  /** The room's number of its latest change. */
  changeSeq: number;
  cid: string;
  kind: 'text' | 'system';
  author: Author;
  text: string;
  /** Rendered and sanitised by the server. */
  html: string;
  system?: SystemInfo;
  replyTo?: Reply;
  attachments: Attachment[];
  reactions: Reaction[];
  createdAt: string;
  editedAt?: string;
  deletedAt?: string;
}

export interface Limits {
  maxMessageLength: number;
  messagesPer10s: number;
}

export interface RoomChanges {
  messages: Message[];
  from: number;
  to: number;
  head: number;
  epoch: string;
  more: boolean;
  /** The numbers no longer mean what they did: forget and reload. */
  reset: boolean;
}

export interface Problem {
  status: number;
  title: string;
  detail: string;
  code: ErrorCode;
  errors: { location: string; message: string }[];
}

export type ErrorCode =
  | 'BAD_REQUEST'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'NOT_A_MEMBER'
  | 'WRONG_PASSWORD'
  | 'PASSWORD_REQUIRED'
  | 'USERNAME_TAKEN'
  | 'EMAIL_TAKEN'
  | 'ROOM_NAME_TAKEN'
  | 'CID_CONFLICT'
  | 'TOO_LONG'
  | 'EMPTY'
  | 'RATE_LIMITED'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_MEDIA'
  | 'UNAVAILABLE'
  | 'INTERNAL';

// Frames from the server.

export interface Connected {
  user: User;
  sessionId: number;
  node: string;
  epoch: string;
  rooms: OwnRoom[];
  limits: Limits;
  pingMs: number;
}

export interface RoomJoined extends RoomChanges {
  room: Room;
  membership: Membership;
  online: number[];
}

export interface MessageConfirmed {
  cid: string;
  roomId: number;
  id: number;
  seq: number;
  createdAt: string;
}

export interface MessageEvent {
  roomId: number;
  seq: number;
  message: Message;
}

export interface RoomUpdated {
  room: Room;
}

export interface RoomRemoved {
  roomId: number;
  reason: 'left' | 'kicked' | 'deleted';
}

export interface PresenceUpdate {
  roomId: number;
  users: { userId: number; status: Status; lastSeenAt?: string }[];
}

export interface TypingUpdate {
  roomId: number;
  userIds: number[];
}

export interface ReadUpdated {
  roomId: number;
  lastRead: number;
  unread: number;
}

export interface Pong {
  heads: Record<string, number>;
  epoch: string;
}

export interface Draining {
  reconnectInMs: number;
}

export interface FrameError {
  code: ErrorCode;
  message: string;
  retryAfterMs?: number;
  cid?: string;
}

export interface FrameData {
  connected: Connected;
  'room:joined': RoomJoined;
  'room:left': { roomId: number };
  'room:changes': RoomChanges;
  'room:updated': RoomUpdated;
  'room:removed': RoomRemoved;
  'message:confirmed': MessageConfirmed;
  'message:new': MessageEvent;
  'message:edited': MessageEvent;
  'message:deleted': MessageEvent;
  'message:reaction': MessageEvent;
  'presence:update': PresenceUpdate;
  'typing:update': TypingUpdate;
  'read:updated': ReadUpdated;
  pong: Pong;
  ok: { seq?: number };
  draining: Draining;
  error: FrameError;
}

export type FrameType = keyof FrameData;

/** One JSON object from the server; id is there when it answers a command. */
export type ServerFrame = { [T in FrameType]: { type: T; id?: number; data: FrameData[T] } }[FrameType];

// Commands of the client.

export interface CommandData {
  'room:join': { roomId: number; since?: number; epoch?: string; limit?: number; password?: string };
  'room:leave': { roomId: number };
  'message:send': { roomId: number; cid: string; text: string };
  'room:changes': { roomId: number; since: number; epoch: string; limit?: number };
  'read:mark': { roomId: number; seq: number };
  'typing:start': { roomId: number };
  'typing:stop': { roomId: number };
  ping: Record<string, never>;
}

export type CommandType = keyof CommandData;

/** Which frame answers a command when all is well. */
export interface Answers {
  'room:join': 'room:joined';
  'room:leave': 'room:left';
  'message:send': 'message:confirmed';
  'room:changes': 'room:changes';
  'read:mark': 'ok';
  ping: 'pong';
}

/** Why a socket was closed. */
export const Close = {
  GoingAway: 1001,
  ServerFault: 1011,
  TryLater: 1013,
  SessionEnded: 4001,
  ProtocolAbuse: 4002,
  TooSlow: 4008,
  TooManyConnections: 4029,
} as const;
