import type { LimitsView, ServerLimits } from '../../protocol/types';

export type LimitName = keyof ServerLimits;

export interface LimitField {
  name: LimitName;
  label: string;
  /** How many of the wire's make one of the form's; 1 where nothing is said. */
  unit?: number;
}

const MB = 1024 * 1024;

export const limitFields: readonly LimitField[] = [
  { name: 'maxMessageLength', label: 'Characters of a message' },
  { name: 'messagesPer10s', label: 'Messages of a user in 10 seconds' },
  { name: 'maxUploadSize', label: 'Size of a file, in MB', unit: MB },
  { name: 'uploadBytesPerDay', label: 'Uploads of a user in a day, in MB', unit: MB },
  { name: 'guestUploadBytesPerDay', label: 'Uploads of a guest in a day, in MB', unit: MB },
  { name: 'storageBytes', label: 'Files of all users together, in MB', unit: MB },
  { name: 'joinsPerMinute', label: 'Rooms that a user joins in a minute' },
  { name: 'roomsPerHour', label: 'Rooms that a user makes in an hour' },
  { name: 'authPerMinute', label: 'Sign-ins of an address in a minute' },
  { name: 'socketsPerAddress', label: 'Connections of an address to a node' },
];

/** What a form shows of a limit. */
export function formatLimit({ name, unit = 1 }: LimitField, limits: ServerLimits): string {
  return String(limits[name] / unit);
}

export type LimitTexts = Record<LimitName, string>;

export function formatLimits(limits: ServerLimits): LimitTexts {
  return Object.fromEntries(limitFields.map((field) => [field.name, formatLimit(field, limits)])) as LimitTexts;
}

export interface LimitsEdit {
  /** What is to change. An empty field, or the environment's own value, takes what the environment says. */
  patch: Partial<ServerLimits>;
  errors: Partial<Record<LimitName, string>>;
}

export function parseLimits(texts: LimitTexts, { limits, standard }: LimitsView): LimitsEdit {
  const edit: LimitsEdit = { patch: {}, errors: {} };
  for (const field of limitFields) {
    const { name, unit = 1 } = field;
    const text = texts[name].trim();
    if (text === formatLimit(field, limits)) continue;
    const value = text === '' ? standard[name] : Math.round(Number(text) * unit);
    const whole = unit > 1 || /^\d*$/.test(text);
    if (!whole || !(value >= 1)) edit.errors[name] = unit > 1 ? 'It takes a number above 0.' : 'It takes a whole number from 1.';
    else if (value !== limits[name]) edit.patch[name] = value === standard[name] ? 0 : value;
  }
  return edit;
}
