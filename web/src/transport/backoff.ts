export const MAX_ATTEMPTS = 10;
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** After MAX_ATTEMPTS the client tries about once per 45 s, for as long as the page is open. */
const SLOW_FROM_MS = 30_000;
const SLOW_TO_MS = 60_000;

/** Returns the delay before an attempt after MAX_ATTEMPTS: 30 s to 60 s, so that the clients of a server that is back are spread. */
export function slowBackoffMs(random: () => number = Math.random): number {
  return Math.round(SLOW_FROM_MS + random() * (SLOW_TO_MS - SLOW_FROM_MS));
}

/**
 * Returns the delay before an attempt (1, 2, 3, …): a random time up to 1 s, 2 s,
 * 4 s … 30 s. Full jitter spreads the clients of a failed node.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)));
}
