import { expect, test } from 'vitest';
import { isMuted, formatTimeLeft } from './mute';

const now = Date.parse('2026-11-23T10:00:00.000Z');
const after = (ms: number) => new Date(now + ms).toISOString();

test.each([
  [30_000, 'less than a minute'],
  [61_000, '2 minutes'],
  [3_600_000, '60 minutes'],
  [3_600_001, '2 hours'],
  [86_400_000, '24 hours'],
  [7 * 86_400_000, '7 days'],
])('formats %i ms as %s', (ms, words) => expect(formatTimeLeft(after(ms), now)).toBe(words));

test('a mute expires', () => {
  expect([undefined, after(1), after(0)].map((until) => isMuted(until, now))).toEqual([false, true, false]);
});
