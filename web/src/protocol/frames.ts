import { frameDecoders } from './frames.generated';
import { type Decode, number, optional, plainObject, string } from './guards';

const decoders = { ...frameDecoders, ok: decodeOk };

export type FrameType = keyof typeof decoders;

/** The data of each type of frame. */
export type FrameData = { [T in FrameType]: ReturnType<(typeof decoders)[T]> };

/** A frame of the server. A response has the id of its command. */
export type ServerFrame = { [T in FrameType]: { type: T; id?: number; data: FrameData[T] } }[FrameType];

/** Decodes a frame. It returns undefined for a type that this client does not know. */
export function decodeFrame(value: unknown): ServerFrame | undefined {
  const frame = plainObject(value, 'frame');
  const type = string(frame.type, 'frame.type');
  if (!Object.hasOwn(decoders, type)) return undefined;
  const known = type as FrameType;
  const id = optional(number)(frame.id, 'frame.id');
  const decode: Decode<unknown> = decoders[known];
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
