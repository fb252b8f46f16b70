/**
 * The wire's words, docs/protocol.md. What the server knows is generated from its
 * OpenAPI document; what differs here is what decode makes of it.
 */
import type { components } from './schema';

type Schemas = components['schemas'];

/** T with some fields as decode leaves them. */
type With<T, Changed> = Omit<T, keyof Changed> & Changed;

export type User = Schemas['User'];
export type Author = Schemas['Author'];
export type UploadAllowance = Schemas['UploadAllowance'];
export type Status = User['status'];
export type Room = Schemas['Room'];
export type Membership = Schemas['Membership'];
export type RoomRole = Membership['role'];
export type Member = Schemas['MemberView'];
export type Ban = Schemas['Ban'];
export type Invite = Schemas['Invite'];
export type CreatedInvite = Schemas['CreatedInvite'];
export type InvitedRoom = Schemas['InvitedRoom'];
export type OwnRoom = Schemas['OwnRoom'];
export type Attachment = Schemas['MessageAttachment'];
export type Reaction = Schemas['ReactionCount'];
export type Reply = Schemas['Reply'];
export type Limits = Schemas['ClientLimits'];
export type Session = Schemas['SessionView'];
export type IncomingWebhook = Schemas['IncomingHook'];
export type NewIncomingWebhook = Schemas['NewIncomingHook'];
export type OutgoingWebhook = Schemas['OutgoingHook'];
export type NewOutgoingWebhook = Schemas['NewOutgoingHook'];
export type BotToken = Schemas['BotToken'];
/** A user as admins of the server see it. */
export type Account = Schemas['Account'];
export type Connection = Schemas['Connection'];
/** What an operator may set; Limits are those that clients are told. */
export type ServerLimits = Schemas['Limits'];
export type LimitsView = Schemas['LimitsView'];
export type ServerState = Schemas['ServerState'];
export type AuditEntry = Schemas['AuditRecord'];
/** What somebody may say of themselves; the rest the server sees. */
export type OwnStatus = Schemas['PresenceSet']['status'];

/** An action that is new to this client is shown all the same: the text says it. */
export type SystemInfo = With<Schemas['SystemInfo'], { action: string }>;

export type Message = With<
  Schemas['Message'],
  { system?: SystemInfo; attachments: Attachment[]; reactions: Reaction[] }
>;

export type SearchResult = With<Schemas['SearchResult'], { message: Message; highlights: Highlight[] }>;
/** Cut it with text.slice(start, end). */
export type Highlight = Schemas['Highlight'];

export type RoomChanges = With<Omit<Schemas['RoomChanges'], 'roomId'>, { messages: Message[]; reset: boolean }>;

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
  | 'QUOTA_EXCEEDED'
  | 'UNSUPPORTED_MEDIA'
  | 'UNAVAILABLE'
  | 'INTERNAL';

export type Problem = With<Schemas['Problem'], { code: ErrorCode; errors: Schemas['FieldProblem'][] }>;

// Frames from the server.

export type Connected = With<Schemas['Connected'], { rooms: OwnRoom[] }>;
export type RoomJoined = With<Omit<Schemas['RoomJoined'], 'roomId'>, { messages: Message[]; online: number[]; reset: boolean }>;
export type MessageConfirmed = Schemas['MessageConfirmed'];
export type MessageEvent = With<Schemas['MessageEvent'], { message: Message }>;
export type RoomUpdated = Schemas['RoomUpdated'];
export type RoomRemoved = Schemas['RoomRemoved'];
export type RoomAdded = Schemas['RoomAdded'];
export type MembershipUpdated = Schemas['MembershipUpdated'];
export type PresenceUpdate = With<Schemas['PresenceUpdate'], { users: Schemas['UserStatus'][] }>;
export type Pong = Schemas['Pong'];
export type Draining = Schemas['Draining'];
export type FrameError = With<Schemas['FrameError'], { code: ErrorCode }>;
export type TypingUpdate = With<Schemas['TypingUpdate'], { userIds: number[] }>;
export type ReadUpdated = Schemas['ReadUpdated'];
export type UserUpdated = Schemas['UserUpdated'];

export interface FrameData {
  connected: Connected;
  'room:joined': RoomJoined;
  'room:left': Schemas['RoomRef'];
  'room:changes': RoomChanges;
  'room:updated': RoomUpdated;
  'room:removed': RoomRemoved;
  'room:added': RoomAdded;
  'membership:updated': MembershipUpdated;
  'message:confirmed': MessageConfirmed;
  'message:new': MessageEvent;
  'message:edited': MessageEvent;
  'message:deleted': MessageEvent;
  'message:reaction': MessageEvent;
  'presence:update': PresenceUpdate;
  'typing:update': TypingUpdate;
  'read:updated': ReadUpdated;
  'user:updated': UserUpdated;
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
  'room:join': Schemas['RoomJoin'];
  'room:leave': Schemas['RoomRef'];
  'message:send': Schemas['MessageSend'];
  'message:edit': Schemas['MessageEdit'];
  'message:delete': Schemas['MessageRef'];
  'message:react': Schemas['MessageReact'];
  'room:changes': Schemas['ChangesAsk'];
  'read:mark': Schemas['ReadMark'];
  'typing:start': Schemas['RoomRef'];
  'typing:stop': Schemas['RoomRef'];
  'presence:set': Schemas['PresenceSet'];
  ping: Schemas['Ping'];
}

export type CommandType = keyof CommandData;

/** Which frame answers a command when all is well. */
export interface Responses {
  'room:join': 'room:joined';
  'room:leave': 'room:left';
  'message:send': 'message:confirmed';
  'message:edit': 'ok';
  'message:delete': 'ok';
  'message:react': 'ok';
  'room:changes': 'room:changes';
  'read:mark': 'ok';
  'presence:set': 'ok';
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
