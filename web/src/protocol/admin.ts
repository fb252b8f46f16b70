import { decodeAuthor, userFields } from './decode';
import { boolean, list, number, object, optional, string, withDefault } from './guards';
import type { Account, AuditEntry, Connection, LimitsView, ServerLimits, ServerState } from './types';

export const decodeAccount = object<Account>({
  ...userFields,
  email: withDefault(string, ''),
  disabled: withDefault(boolean, false),
  lastSeenAt: optional(string),
  sessions: withDefault(number, 0),
});

export const decodeConnection = object<Connection>({
  id: string,
  user: decodeAuthor,
  sessionId: withDefault(number, 0),
  node: withDefault(string, ''),
  address: withDefault(string, ''),
  userAgent: withDefault(string, ''),
  connectedAt: string,
  rooms: list(number),
});

const limits = object<ServerLimits>({
  maxMessageLength: number,
  messagesPer10s: number,
  authPerMinute: number,
  joinsPerMinute: number,
  roomsPerHour: number,
  socketsPerAddress: number,
  maxUploadSize: number,
  // A node of an older version does not have these.
  uploadBytesPerDay: withDefault(number, 0),
  guestUploadBytesPerDay: withDefault(number, 0),
  storageBytes: withDefault(number, 0),
});

export const decodeLimitsView = object<LimitsView>({ limits, standard: limits });

export const decodeServerState = object<ServerState>({
  lastBackup: optional(object<NonNullable<ServerState['lastBackup']>>({ finishedAt: string, messages: number, files: number, bytes: number })),
  backupOverdue: withDefault(boolean, false),
});

export const decodeAuditRecord = object<AuditEntry>({
  id: number,
  at: string,
  actor: optional(decodeAuthor),
  action: string,
  room: optional(object<NonNullable<AuditEntry['room']>>({ id: number, name: withDefault(string, '') })),
  user: optional(decodeAuthor),
  detail: withDefault(string, ''),
});
