/** The names under which the client uses the types of the wire format, docs/protocol.md. */
import type { CommandData } from './frames.generated';
import type { ClientLimits, MessageAttachment, PresenceSet, ReactionCount, User } from './wire.generated';
import type * as wire from './wire.generated';

export type { ErrorCode } from './errorCodes.generated';
export type {
  Author,
  Ban,
  BotToken,
  Connected,
  Connection,
  CreatedInvite,
  Highlight,
  Invite,
  InvitedRoom,
  Membership,
  Message,
  MessageConfirmed,
  MessageEvent,
  OwnRoom,
  Pong,
  PresenceUpdate,
  ReadUpdated,
  Reply,
  Room,
  RoomAdded,
  RoomChanges,
  RoomJoined,
  RoomRemoved,
  SearchResult,
  ServerInfo,
  ServerState,
  UploadAllowance,
  User,
} from './wire.generated';
export type { FrameData, FrameType, ServerFrame } from './frames';
export type { CommandData, Responses } from './frames.generated';
export type Attachment = MessageAttachment;
/** A user as admins of the server see it. */
export type Account = wire.Account;
export type AuditEntry = wire.AuditRecord;
export type IncomingWebhook = wire.IncomingWebhook;
/** The limits that clients must know. */
export type Limits = ClientLimits;
export type Member = wire.MemberView;
export type NewIncomingWebhook = wire.NewIncomingWebhook;
export type NewOutgoingWebhook = wire.NewOutgoingWebhook;
export type OutgoingWebhook = wire.OutgoingWebhook;
/** The statuses that a user can choose. */
export type OwnStatus = PresenceSet['status'];
export type Reaction = ReactionCount;
export type RoomRole = wire.Membership['role'];
export type Session = wire.SessionView;
/** A setting of the server as its admins see it. */
export type Setting = wire.SettingView;
export type Status = User['status'];

export type CommandType = keyof CommandData;

/** Close codes of the socket. */
export const Close = {
  GoingAway: 1001,
  ServerFault: 1011,
  TryLater: 1013,
  SessionEnded: 4001,
  ProtocolAbuse: 4002,
  TooSlow: 4008,
  TooManyConnections: 4029,
} as const;
