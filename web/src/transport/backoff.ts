export const MAX_ATTEMPTS = 10;
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Returns the delay before an attempt (1, 2, 3, …): a random time up to 1 s, 2 s,
 * 4 s … 30 s. Full jitter spreads the clients of a failed node.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)));
}
