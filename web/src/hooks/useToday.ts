import { useSyncExternalStore } from 'react';

const HOUR_MS = 3_600_000;

/** Returns the current day, and renders again after midnight. */
export function useToday(): string {
  return useSyncExternalStore(subscribe, () => new Date().toDateString());
}

/** Checks at midnight, every hour and when the page becomes visible: a sleeping machine runs no timers. */
function subscribe(changed: () => void): () => void {
  const now = new Date();
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  const first = setTimeout(changed, Math.min(HOUR_MS, midnight.getTime() - now.getTime()));
  const each = setInterval(changed, HOUR_MS);
  document.addEventListener('visibilitychange', changed);
  return () => {
    clearTimeout(first);
    clearInterval(each);
    document.removeEventListener('visibilitychange', changed);
  };
}
