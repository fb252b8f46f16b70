const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The durations of a mute that the client offers. */
export const muteDurations = [
  { seconds: 600, label: '10 minutes' },
  { seconds: 3_600, label: '1 hour' },
  { seconds: 86_400, label: '1 day' },
  { seconds: 604_800, label: '1 week' },
] as const;

export function isMuted(until: string | undefined, now = Date.now()): boolean {
  return until !== undefined && Date.parse(until) > now;
}

/** A timer with a longer delay (about 24 days) would fire immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Returns the delay until the next mute ends, in milliseconds, or undefined if there is none. */
export function nextUnmuteMs(rooms: readonly { mutedUntil?: string }[], now = Date.now()): number | undefined {
  const ends = rooms.flatMap(({ mutedUntil }) => (mutedUntil === undefined ? [] : Date.parse(mutedUntil)));
  return ends.length === 0 ? undefined : Math.min(Math.max(0, Math.min(...ends) - now + 50), MAX_TIMER_MS);
}

/** Returns the rooms without expired mutes. */
export function withoutExpiredMutes<R extends { mutedUntil?: string }>(rooms: readonly R[], now = Date.now()): R[] {
  return rooms.map((mine) => {
    if (mine.mutedUntil === undefined || isMuted(mine.mutedUntil, now)) return mine;
    const { mutedUntil: _, ...rest } = mine;
    return rest as R;
  });
}

/** Formats the remaining time, rounded up. */
export function formatTimeLeft(until: string, now = Date.now()): string {
  const ms = Date.parse(until) - now;
  if (ms <= MINUTE) return 'less than a minute';
  if (ms <= HOUR) return count(Math.ceil(ms / MINUTE), 'minute');
  if (ms <= 2 * DAY) return count(Math.ceil(ms / HOUR), 'hour');
  return count(Math.ceil(ms / DAY), 'day');
}

function count(amount: number, unit: string): string {
  return amount === 1 ? `1 ${unit}` : `${amount} ${unit}s`;
}
