import { type Decode, number, optional, plainObject, string } from './guards';
import {
  decodeConnected,
  decodeDraining,
  decodeFrameError,
  decodeMembershipUpdated,
  decodeMessageConfirmed,
  decodeMessageEvent,
  decodePong,
  decodePresenceUpdate,
  decodeReadUpdated,
  decodeRoomAdded,
  decodeRoomChanges,
  decodeRoomJoined,
  decodeRoomRef,
  decodeRoomRemoved,
  decodeRoomUpdated,
  decodeTypingUpdate,
  decodeUserUpdated,
} from './wire.generated';

/** The decoder of each type of frame that the server sends. */
const frameDecoders = {
  connected: decodeConnected,
  'room:joined': decodeRoomJoined,
  'room:left': decodeRoomRef,
  'room:changes': decodeRoomChanges,
  'room:updated': decodeRoomUpdated,
  'room:removed': decodeRoomRemoved,
  'room:added': decodeRoomAdded,
  'membership:updated': decodeMembershipUpdated,
  'message:confirmed': decodeMessageConfirmed,
  'message:new': decodeMessageEvent,
  'message:edited': decodeMessageEvent,
  'message:deleted': decodeMessageEvent,
  'message:reaction': decodeMessageEvent,
  'presence:update': decodePresenceUpdate,
  'typing:update': decodeTypingUpdate,
  'read:updated': decodeReadUpdated,
  'user:updated': decodeUserUpdated,
  pong: decodePong,
  ok: decodeOk,
  draining: decodeDraining,
  error: decodeFrameError,
};

export type FrameType = keyof typeof frameDecoders;

/** The data of each type of frame. */
export type FrameData = { [T in FrameType]: ReturnType<(typeof frameDecoders)[T]> };

/** A frame of the server. A response has the id of its command. */
export type ServerFrame = { [T in FrameType]: { type: T; id?: number; data: FrameData[T] } }[FrameType];

/** Decodes a frame. It returns undefined for a type that this client does not know. */
export function decodeFrame(value: unknown): ServerFrame | undefined {
  const frame = plainObject(value, 'frame');
  const type = string(frame.type, 'frame.type');
  if (!Object.hasOwn(frameDecoders, type)) return undefined;
  const known = type as FrameType;
  const id = optional(number)(frame.id, 'frame.id');
  const decode: Decode<unknown> = frameDecoders[known];
  return { type: known, ...(id === undefined ? {} : { id }), data: decode(frame.data, known) } as ServerFrame;
}

/** Splits a socket message into its JSON objects: one or more, separated by line feeds. */
export function splitFrames(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Only a change of a message has data in its response: the number of the change. */
function decodeOk(value: unknown, path: string): { seq?: number } {
  if (value === undefined || value === null) return {};
  const seq = optional(number)(plainObject(value, path).seq, `${path}.seq`);
  return seq === undefined ? {} : { seq };
}
