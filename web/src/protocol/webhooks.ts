import { decodeAuthor } from './decode';
import { boolean, withDefault, number, object, optional, string } from './guards';
import type { IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook, OutgoingWebhook } from './types';

/** Nodes of an older version do not say who made a webhook. */
const made = {
  createdBy: withDefault(decodeAuthor, { id: 0, username: '', displayName: '', avatarUrl: '' }),
  paused: withDefault(boolean, false),
};

const incoming = {
  id: number,
  roomId: number,
  name: string,
  userId: withDefault(number, 0),
  createdAt: withDefault(string, ''),
  ...made,
};

export const decodeIncomingHook = object<IncomingWebhook>(incoming);
export const decodeNewIncomingHook = object<NewIncomingWebhook>({ ...incoming, url: string, token: string });

const outgoing = {
  id: number,
  roomId: number,
  url: string,
  delivered: withDefault(number, 0),
  failures: withDefault(number, 0),
  lastError: withDefault(string, ''),
  nextTryAt: optional(string),
  disabledAt: optional(string),
  createdAt: withDefault(string, ''),
  ...made,
};

export const decodeOutgoingHook = object<OutgoingWebhook>(outgoing);
export const decodeNewOutgoingHook = object<NewOutgoingWebhook>({ ...outgoing, secret: string });
