import type {
  Attachment,
  Author,
  Ban,
  RoomChanges,
  Connected,
  CreatedInvite,
  Draining,
  ErrorCode,
  FrameData,
  FrameError,
  FrameType,
  Highlight,
  Invite,
  InvitedRoom,
  Limits,
  Member,
  Membership,
  MembershipUpdated,
  Message,
  MessageConfirmed,
  MessageEvent,
  OwnRoom,
  Pong,
  PresenceUpdate,
  Problem,
  Reaction,
  ReadUpdated,
  Reply,
  Room,
  RoomAdded,
  RoomJoined,
  RoomRemoved,
  RoomUpdated,
  SearchResult,
  ServerFrame,
  Session,
  SystemInfo,
  TypingUpdate,
  User,
  UserUpdated,
} from './types';
import {
  boolean,
  type Decode,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  plainObject,
  record,
  string,
  withDefault,
} from './guards';

const status = oneOf('online', 'away', 'busy', 'offline', 'unknown');
const role = oneOf('owner', 'admin', 'moderator', 'member');

const errorCodes = [
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'NOT_A_MEMBER',
  'WRONG_PASSWORD',
  'PASSWORD_REQUIRED',
  'USERNAME_TAKEN',
  'EMAIL_TAKEN',
  'ROOM_NAME_TAKEN',
  'CID_CONFLICT',
  'TOO_LONG',
  'EMPTY',
  'RATE_LIMITED',
  'TOO_LARGE',
  'QUOTA_EXCEEDED',
  'UNSUPPORTED_MEDIA',
  'UNAVAILABLE',
  'INTERNAL',
] as const satisfies readonly ErrorCode[];

/** An unknown code is a fault of the server to us. */
const errorCode: Decode<ErrorCode> = (v) => errorCodes.find((code) => code === v) ?? 'INTERNAL';

export const userFields = {
  id: number,
  username: string,
  displayName: string,
  avatarUrl: withDefault(string, ''),
  guest: withDefault(boolean, false),
  role: withDefault(oneOf('user', 'admin', 'bot'), 'user'),
  status: withDefault(status, 'unknown'),
  statusMessage: withDefault(string, ''),
  createdAt: withDefault(string, ''),
};

export const decodeUser = object<User>(userFields);

export const decodeAuthor = object<Author>({
  id: number,
  username: string,
  displayName: string,
  avatarUrl: withDefault(string, ''),
});

export const decodeRoom = object<Room>({
  id: number,
  name: string,
  description: withDefault(string, ''),
  private: boolean,
  hasPassword: boolean,
  ownerId: withDefault(number, 0),
  memberCount: withDefault(number, 0),
  onlineCount: nullable(number),
  head: number,
  epoch: string,
  createdAt: withDefault(string, ''),
  direct: withDefault(boolean, false),
  with: optional(list(decodeAuthor)),
});

export const decodeMembership = object<Membership>({
  roomId: number,
  userId: number,
  role,
  joinedAt: withDefault(string, ''),
  lastRead: withDefault(number, 0),
  mutedUntil: optional(string),
});

export const decodeMember = object<Member>({
  user: decodeUser,
  role,
  status: withDefault(status, 'unknown'),
  joinedAt: withDefault(string, ''),
  mutedUntil: optional(string),
});

export const decodeBan = object<Ban>({
  user: decodeAuthor,
  by: decodeAuthor,
  reason: withDefault(string, ''),
  createdAt: withDefault(string, ''),
});

const inviteFields = {
  id: number,
  expiresAt: string,
  usesLeft: nullable(number),
  createdAt: withDefault(string, ''),
  createdBy: decodeAuthor,
  paused: withDefault(boolean, false),
};

export const decodeInvite = object<Invite>(inviteFields);

export const decodeCreatedInvite = object<CreatedInvite>({ ...inviteFields, token: string, url: string });

export const decodeInvitedRoom = object<InvitedRoom>({
  name: string,
  description: withDefault(string, ''),
  memberCount: withDefault(number, 0),
});

export const decodeSession = object<Session>({
  id: number,
  userAgent: withDefault(string, ''),
  ip: withDefault(string, ''),
  createdAt: withDefault(string, ''),
  lastSeenAt: withDefault(string, ''),
  current: withDefault(boolean, false),
});

const ownRoom = object<OwnRoom>({
  room: decodeRoom,
  role,
  lastRead: number,
  unread: number,
  mentions: withDefault(number, 0),
  mutedUntil: optional(string),
});

/** Until the server tells its own. */
export const defaultLimits: Limits = {
  maxMessageLength: 2000,
  messagesPer10s: 0,
  maxUploadSize: 10 << 20,
  maxAttachments: 10,
};

export const decodeAttachment = object<Attachment>({
  id: number,
  name: string,
  size: number,
  contentType: string,
  width: optional(number),
  height: optional(number),
  url: string,
  thumbnailUrl: optional(string),
});

export const decodeReply = object<Reply>({ id: number, seq: number, author: decodeAuthor, excerpt: string });

export const decodeMessage = object<Message>({
  id: number,
  roomId: number,
  seq: number,
  changeSeq: number,
  cid: withDefault(string, ''),
  kind: oneOf('text', 'system'),
  author: decodeAuthor,
  text: string,
  html: withDefault(string, ''),
  mentions: list(number),
  system: optional(object<SystemInfo>({ action: string, userId: number })),
  replyTo: optional(decodeReply),
  attachments: list(decodeAttachment),
  reactions: list(object<Reaction>({ emoji: string, count: number, me: withDefault(boolean, false), userIds: list(number) })),
  createdAt: string,
  editedAt: optional(string),
  deletedAt: optional(string),
});

export const decodeSearchResult = object<SearchResult>({
  message: decodeMessage,
  room: object<SearchResult['room']>({ id: number, name: string }),
  highlights: list(object<Highlight>({ start: number, end: number })),
});

const changesFields = {
  messages: list(decodeMessage),
  from: withDefault(number, 0),
  to: withDefault(number, 0),
  head: withDefault(number, 0),
  epoch: withDefault(string, ''),
  more: withDefault(boolean, false),
  reset: withDefault(boolean, false),
};

export const decodeChanges = object<RoomChanges>(changesFields);

const messageEvent = object<MessageEvent>({ roomId: number, seq: number, message: decodeMessage });

export const decodeProblem = object<Problem>({
  status: number,
  title: withDefault(string, ''),
  detail: withDefault(string, ''),
  code: errorCode,
  errors: list(object<{ location: string; message: string }>({
    location: withDefault(string, ''),
    message: withDefault(string, ''),
  })),
});

const frameData: { [T in FrameType]: Decode<FrameData[T]> } = {
  connected: object<Connected>({
    user: decodeUser,
    sessionId: withDefault(number, 0),
    node: withDefault(string, ''),
    epoch: string,
    rooms: list(ownRoom),
    limits: withDefault(
      object<Limits>({
        maxMessageLength: withDefault(number, defaultLimits.maxMessageLength),
        messagesPer10s: withDefault(number, defaultLimits.messagesPer10s),
        maxUploadSize: withDefault(number, defaultLimits.maxUploadSize),
        maxAttachments: withDefault(number, defaultLimits.maxAttachments),
      }),
      defaultLimits,
    ),
    pingMs: withDefault(number, 25_000),
  }),
  'room:joined': object<RoomJoined>({
    ...changesFields,
    room: decodeRoom,
    membership: decodeMembership,
    online: list(number),
  }),
  'room:left': object<{ roomId: number }>({ roomId: number }),
  'room:changes': decodeChanges,
  'room:updated': object<RoomUpdated>({ room: decodeRoom }),
  'room:removed': object<RoomRemoved>({ roomId: number, reason: oneOf('left', 'kicked', 'deleted') }),
  'room:added': object<RoomAdded>({ room: decodeRoom, membership: decodeMembership }),
  'membership:updated': object<MembershipUpdated>({ membership: decodeMembership }),
  'message:confirmed': object<MessageConfirmed>({
    cid: string,
    roomId: number,
    id: number,
    seq: number,
    createdAt: string,
  }),
  'message:new': messageEvent,
  'message:edited': messageEvent,
  'message:deleted': messageEvent,
  'message:reaction': messageEvent,
  'presence:update': object<PresenceUpdate>({
    roomId: number,
    users: list(object<PresenceUpdate['users'][number]>({ userId: number, status, lastSeenAt: optional(string) })),
  }),
  'typing:update': object<TypingUpdate>({ roomId: number, userIds: list(number) }),
  'read:updated': object<ReadUpdated>({ roomId: number, lastRead: number, unread: number, mentions: withDefault(number, 0) }),
  'user:updated': object<UserUpdated>({ user: decodeUser }),
  pong: object<Pong>({ heads: withDefault(record(number), {}), epoch: withDefault(string, '') }),
  ok: (v, path) => (v === undefined || v === null ? {} : object<{ seq?: number }>({ seq: optional(number) })(v, path)),
  draining: object<Draining>({ reconnectInMs: withDefault(number, 0) }),
  error: object<FrameError>({
    code: errorCode,
    message: withDefault(string, ''),
    retryAfterMs: optional(number),
    cid: optional(string),
  }),
};

const frameId = optional(number);

/** Reads one JSON object of a frame; undefined for a type that this client does not know. */
export function decodeFrame(value: unknown): ServerFrame | undefined {
  const frame = plainObject(value, 'frame');
  const type = string(frame.type, 'frame.type');
  if (!Object.hasOwn(frameData, type)) return undefined;
  const known = type as FrameType;
  const id = frameId(frame.id, 'frame.id');
  const data = frameData[known](frame.data, known);
  return { type: known, ...(id === undefined ? {} : { id }), data } as ServerFrame;
}

/** Splits a socket frame into its JSON objects: one or more, separated by line feeds. */
export function splitFrame(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
