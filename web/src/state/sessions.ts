import type { Session } from '../protocol/types';
import { errorMessage } from '../transport/errors';
import type { RestClient } from '../transport/rest';
import { Store } from './store';

export type SessionsState =
  | { kind: 'loading' }
  | { kind: 'ready'; sessions: readonly Session[] }
  | { kind: 'failed'; reason: string };

/** Sessions are the places where this user is signed in, the present one first. */
export class Sessions {
  readonly state = new Store<SessionsState>({ kind: 'loading' });
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  async load(): Promise<void> {
    if (this.state.getSnapshot().kind === 'failed') this.state.set({ kind: 'loading' });
    try {
      const sessions = await this.#rest.listSessions();
      this.state.set({ kind: 'ready', sessions: sessions.toSorted(currentFirst) });
    } catch (error) {
      this.state.set({ kind: 'failed', reason: errorMessage(error) });
    }
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

/** What somebody would call the device: "Firefox on Linux". A program says its own name. */
export function deviceName(userAgent: string): string {
  const browser = browsers.find(([sign]) => sign.test(userAgent))?.[1];
  const system = systems.find(([sign]) => sign.test(userAgent))?.[1];
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`;
  return /^[^\s/]+/.exec(userAgent)?.[0] ?? 'Unknown device';
}
