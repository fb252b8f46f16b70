/** Small guards that turn what came from outside into a type, or throw. */

export type Decode<T> = (value: unknown, path: string) => T;

export class DecodeError extends Error {
  override name = 'DecodeError';
}

function fail(path: string, wanted: string): never {
  throw new DecodeError(`${path}: ${wanted} expected`);
}

export const string: Decode<string> = (v, path) => (typeof v === 'string' ? v : fail(path, 'text'));

export const number: Decode<number> = (v, path) =>
  typeof v === 'number' && Number.isFinite(v) ? v : fail(path, 'a number');

export const boolean: Decode<boolean> = (v, path) => (typeof v === 'boolean' ? v : fail(path, 'true or false'));

export function oneOf<T extends string>(...values: readonly T[]): Decode<T> {
  return (v, path) => values.find((value) => value === v) ?? fail(path, values.join(' or '));
}

/** Missing and null are both "not there". */
export function optional<T>(decode: Decode<T>): Decode<T | undefined> {
  return (v, path) => (v === undefined || v === null ? undefined : decode(v, path));
}

export function withDefault<T>(decode: Decode<T>, value: T): Decode<T> {
  return (v, path) => (v === undefined || v === null ? value : decode(v, path));
}

export function nullable<T>(decode: Decode<T>): Decode<T | null> {
  return (v, path) => (v === undefined || v === null ? null : decode(v, path));
}

/** A list; null is an empty one. */
export function list<T>(decode: Decode<T>): Decode<T[]> {
  return (v, path) => {
    if (v === null || v === undefined) return [];
    if (!Array.isArray(v)) return fail(path, 'a list');
    return v.map((item: unknown, i) => decode(item, `${path}[${i}]`));
  };
}

export function record<T>(decode: Decode<T>): Decode<Record<string, T>> {
  return (v, path) =>
    Object.fromEntries(Object.entries(plainObject(v, path)).map(([key, value]) => [key, decode(value, `${path}.${key}`)]));
}

export function plainObject(v: unknown, path: string): Record<string, unknown> {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return fail(path, 'an object');
  return v as Record<string, unknown>;
}

/** An object of known fields; unknown ones are left behind. */
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
