import { withDefault, number, object, optional, string } from './guards';
import type { IncomingHook, NewIncomingHook, NewOutgoingHook, OutgoingHook } from './types';

const incoming = {
  id: number,
  roomId: number,
  name: string,
  userId: withDefault(number, 0),
  createdAt: withDefault(string, ''),
};

export const decodeIncomingHook = object<IncomingHook>(incoming);
export const decodeNewIncomingHook = object<NewIncomingHook>({ ...incoming, url: string, token: string });

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
};

export const decodeOutgoingHook = object<OutgoingHook>(outgoing);
export const decodeNewOutgoingHook = object<NewOutgoingHook>({ ...outgoing, secret: string });
