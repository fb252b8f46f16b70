import { useSyncExternalStore } from 'react';

/** What the address shows. It lives in the hash, so that any file server can serve the page. */
export type Route = { kind: 'home' } | { kind: 'find' } | { kind: 'room'; id: number };

export const homeHref = '#/';
export const findHref = '#/find';
export const roomHref = (id: number) => `#/room/${id}`;

export function routeOf(hash: string): Route {
  if (hash === findHref) return { kind: 'find' };
  const room = /^#\/room\/(\d+)$/.exec(hash);
  return room?.[1] === undefined ? { kind: 'home' } : { kind: 'room', id: Number(room[1]) };
}

export function goTo(href: string): void {
  location.hash = href;
}

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(watch, () => location.hash));
}

function watch(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}
