import { useSyncExternalStore } from 'react';
import { navigate } from './layers';

/** The page that the address refers to. It is in the hash, so that any file server can serve the page. */
export type Route =
  | { kind: 'home' }
  | { kind: 'find' }
  /** room: search in this room only. */
  | { kind: 'search'; room?: number }
  /** at: the message to show, by its seq. */
  | { kind: 'room'; id: number; at?: number }
  /** section: undefined for the list of sections. */
  | { kind: 'settings'; section?: string }
  /** userId: show only entries of this user. */
  | { kind: 'admin'; section: string; userId?: number };

export const homeHref = '#/';
export const findHref = '#/find';
export const searchHref = (roomId?: number) => (roomId === undefined ? '#/search' : `#/search/${roomId}`);
export const roomHref = (id: number) => `#/room/${id}`;
export const adminHref = (section: string, userId?: number) => `#/admin/${section}${userId === undefined ? '' : `/${userId}`}`;
export const settingsHref = (section?: string) => (section === undefined ? '#/settings' : `#/settings/${section}`);
export const messageHref = (roomId: number, seq: number) => `#/room/${roomId}/${seq}`;

export function routeOf(hash: string): Route {
  if (hash === findHref) return { kind: 'find' };
  const search = /^#\/search(?:\/(\d+))?$/.exec(hash);
  if (search) return { kind: 'search', ...(search[1] === undefined ? {} : { room: Number(search[1]) }) };
  const admin = /^#\/admin(?:\/([a-z]+)(?:\/(\d+))?)?$/.exec(hash);
  if (admin) return { kind: 'admin', section: admin[1] ?? '', ...(admin[2] === undefined ? {} : { userId: Number(admin[2]) }) };
  const settings = /^#\/settings(?:\/([a-z]+))?$/.exec(hash);
  if (settings) return { kind: 'settings', ...(settings[1] === undefined ? {} : { section: settings[1] }) };
  const [, id, at] = /^#\/room\/(\d+)(?:\/(\d+))?$/.exec(hash) ?? [];
  if (id === undefined) return { kind: 'home' };
  return { kind: 'room', id: Number(id), ...(at === undefined ? {} : { at: Number(at) }) };
}

export function goTo(href: string): void {
  navigate(href);
}

/** The invite token in the path: /invite/{token}. */
export function useInvite(): string | undefined {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return /^\/invite\/([\w-]+)\/?$/.exec(path)?.[1];
}

/** Replaces the invite page by another one. */
export function leaveInvite(href: string): void {
  history.replaceState(null, '', `/${href}`);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

/** Returns a URL that can be shared. */
export function absoluteUrl(href: string): string {
  return new URL(href, location.href).href;
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}
