import { expect, test } from 'vitest';
import { describeAllowance } from './uploadAllowance';

const MB = 1024 * 1024;

test.each([
  [0, 'You have uploaded 0 bytes of 500 MB today.'],
  [12 * MB, 'You have uploaded 12 MB of 500 MB today.'],
  [500 * MB, 'You have reached your limit of 500 MB for uploads today. You can upload again after 0:00 UTC.'],
])('describes %i bytes of today', (bytesToday, words) => {
  expect(describeAllowance({ bytesToday, bytesPerDay: 500 * MB, resetsAt: '2026-11-29T00:00:00.000Z' })).toBe(words);
});
