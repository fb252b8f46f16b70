import { expect, test } from 'vitest';
import { backoffMs } from './backoff';

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [5, 16_000],
  [6, 30_000],
  [10, 30_000],
])('waits before attempt %i up to %i ms', (attempt, most) => {
  expect(backoffMs(attempt, () => 1)).toBe(most);
  expect(backoffMs(attempt, () => 0.5)).toBe(most / 2);
  expect(backoffMs(attempt, () => 0)).toBe(0);
});
