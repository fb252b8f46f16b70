/** Decoders of JSON values. They check the type of a value and throw a DecodeError if it is wrong. */
import { type ErrorCode, errorCodes } from './errorCodes.generated';

export type Decode<T> = (value: unknown, path: string) => T;

export class DecodeError extends Error {
  override name = 'DecodeError';
}

function fail(path: string, expected: string): never {
  throw new DecodeError(`${path}: expected ${expected}`);
}

export const string: Decode<string> = (v, path) => (typeof v === 'string' ? v : fail(path, 'a string'));

export const number: Decode<number> = (v, path) =>
  typeof v === 'number' && Number.isFinite(v) ? v : fail(path, 'a number');

export const boolean: Decode<boolean> = (v, path) => (typeof v === 'boolean' ? v : fail(path, 'a boolean'));

/* @__NO_SIDE_EFFECTS__ */
export function oneOf<T extends string>(...values: readonly T[]): Decode<T> {
  return (v, path) => values.find((value) => value === v) ?? fail(path, values.join(' or '));
}

/** Accepts a missing value. null counts as missing. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(decode: Decode<T>): Decode<T | undefined> {
  return (v, path) => (v === undefined || v === null ? undefined : decode(v, path));
}

/* @__NO_SIDE_EFFECTS__ */
export function withDefault<T>(decode: Decode<T>, value: T): Decode<T> {
  return (v, path) => (v === undefined || v === null ? value : decode(v, path));
}

/* @__NO_SIDE_EFFECTS__ */
export function nullable<T>(decode: Decode<T>): Decode<T | null> {
  return (v, path) => (v === undefined || v === null ? null : decode(v, path));
}

/** Decodes a list. null and a missing value are an empty list. */
/* @__NO_SIDE_EFFECTS__ */
export function list<T>(decode: Decode<T>): Decode<T[]> {
  return (v, path) => {
    if (v === null || v === undefined) return [];
    if (!Array.isArray(v)) return fail(path, 'a list');
    return v.map((item: unknown, i) => decode(item, `${path}[${i}]`));
  };
}

/* @__NO_SIDE_EFFECTS__ */
export function record<T>(decode: Decode<T>): Decode<Record<string, T>> {
  return (v, path) =>
    Object.fromEntries(Object.entries(plainObject(v, path)).map(([key, value]) => [key, decode(value, `${path}.${key}`)]));
}

export function plainObject(v: unknown, path: string): Record<string, unknown> {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return fail(path, 'an object');
  return v as Record<string, unknown>;
}

/** Decodes an object with known fields. Unknown fields are ignored. */
/* @__NO_SIDE_EFFECTS__ */
export function object<T extends object>(fields: { [K in keyof T]-?: Decode<T[K]> }): Decode<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return (v, path) => {
    const source = plainObject(v, path);
    const out: Partial<T> = {};
    for (const name of names) {
      const value = fields[name](source[name], `${path}.${name}`);
      if (value !== undefined) out[name] = value;
    }
    return out as T;
  };
}

/** Decodes an error code. A code that this client does not know counts as an internal error. */
export const decodeErrorCode: Decode<ErrorCode> = (v) => errorCodes.find((code) => code === v) ?? 'INTERNAL';
