import type { Session } from '../protocol/types';
import type { RestClient } from '../transport/rest';
import { Resource } from './resource';

/** Sessions is the list of the user's sessions, the current one first. */
export class Sessions extends Resource<readonly Session[]> {
  #rest: RestClient;

  constructor(rest: RestClient) {
    super(async () => (await rest.listSessions()).toSorted(currentFirst));
    this.#rest = rest;
  }

  async end(id: number): Promise<void> {
    await this.#rest.endSession(id);
    await this.load();
  }
}

function currentFirst(a: Session, b: Session): number {
  return Number(b.current) - Number(a.current) || Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt);
}

const browsers: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

/** Returns a readable name for a user agent, such as "Firefox on Linux". Other programs keep their own name. */
export function deviceName(userAgent: string): string {
  const browser = browsers.find(([sign]) => sign.test(userAgent))?.[1];
  const system = systems.find(([sign]) => sign.test(userAgent))?.[1];
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`;
  return /^[^\s/]+/.exec(userAgent)?.[0] ?? 'Unknown device';
}
