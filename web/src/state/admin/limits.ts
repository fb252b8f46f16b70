import type { LimitsView, ServerLimits } from '../../protocol/types';

export type LimitName = keyof ServerLimits;

export interface LimitField {
  name: LimitName;
  label: string;
  /** The number of bytes of one unit in the form; 1 if it is missing. */
  unit?: number;
}

const MB = 1024 * 1024;

export const limitFields: readonly LimitField[] = [
  { name: 'maxMessageLength', label: 'Message length, in characters' },
  { name: 'messagesPer10s', label: 'Messages per user in 10 seconds' },
  { name: 'maxUploadSize', label: 'File size, in MB', unit: MB },
  { name: 'uploadBytesPerDay', label: 'Uploads per user and day, in MB', unit: MB },
  { name: 'guestUploadBytesPerDay', label: 'Uploads per guest and day, in MB', unit: MB },
  { name: 'storageBytes', label: 'Files of all users, in MB', unit: MB },
  { name: 'joinsPerMinute', label: 'Room joins per user and minute' },
  { name: 'roomsPerHour', label: 'New rooms per user and hour' },
  { name: 'authPerMinute', label: 'Sign-ins per address and minute' },
  { name: 'socketsPerAddress', label: 'Connections per address and node' },
];

/** Returns a limit as the form displays it. */
export function formatLimit({ name, unit = 1 }: LimitField, limits: ServerLimits): string {
  return String(limits[name] / unit);
}

export type LimitTexts = Record<LimitName, string>;

export function formatLimits(limits: ServerLimits): LimitTexts {
  return Object.fromEntries(limitFields.map((field) => [field.name, formatLimit(field, limits)])) as LimitTexts;
}

export interface LimitsEdit {
  /** The limits to change. An empty field or the value of the environment resets a limit to the environment. */
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
    if (!whole || !(value >= 1)) edit.errors[name] = unit > 1 ? 'Enter a number above 0.' : 'Enter a whole number of at least 1.';
    else if (value !== limits[name]) edit.patch[name] = value === standard[name] ? 0 : value;
  }
  return edit;
}
