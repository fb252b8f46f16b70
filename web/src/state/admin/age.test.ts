import { expect, test } from 'vitest';
import { formatAge } from './age';

const now = Date.parse('2026-11-23T10:00:00.000Z');

test.each([
  ['2026-11-23T10:00:05.000Z', 'less than a minute'],
  ['2026-11-23T09:59:01.000Z', 'less than a minute'],
  ['2026-11-23T09:35:30.000Z', '24 min'],
  ['2026-11-23T08:00:00.000Z', '2 h'],
  ['2026-11-23T07:48:00.000Z', '2 h 12 min'],
  ['2026-11-22T03:00:00.000Z', '1 day'],
  ['2026-11-01T10:00:00.000Z', '22 days'],
])('formats the time since %s as %s', (since, want) => {
  expect(formatAge(since, now)).toBe(want);
});
