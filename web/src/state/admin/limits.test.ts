import { expect, test } from 'vitest';
import type { ServerLimits } from '../../protocol/types';
import { parseLimits, formatLimits } from './limits';

const standard: ServerLimits = {
  maxMessageLength: 2000,
  messagesPer10s: 10,
  authPerMinute: 30,
  joinsPerMinute: 30,
  roomsPerHour: 10,
  socketsPerAddress: 500,
  maxUploadSize: 10 * 1024 * 1024,
  uploadBytesPerDay: 500 * 1024 * 1024,
  guestUploadBytesPerDay: 50 * 1024 * 1024,
  storageBytes: 100 * 1024 ** 3,
};
const view = { limits: { ...standard, roomsPerHour: 3 }, standard };

test('displays sizes in megabytes', () => {
  expect(formatLimits(standard).maxUploadSize).toBe('10');
  const odd = { ...standard, maxUploadSize: 15_000_000 };
  expect(parseLimits({ ...formatLimits(standard), maxUploadSize: formatLimits(odd).maxUploadSize }, view).patch.maxUploadSize).toBe(15_000_000);
});

test.each([
  ['nothing', {}, {}],
  ['a number', { maxMessageLength: '4000' }, { maxMessageLength: 4000 }],
  ['part of a megabyte', { maxUploadSize: '0.5' }, { maxUploadSize: 512 * 1024 }],
  ["the environment's", { roomsPerHour: '10' }, { roomsPerHour: 0 }],
  ['an empty field', { roomsPerHour: ' ' }, { roomsPerHour: 0 }],
  ['an empty field where nothing was set', { maxMessageLength: '' }, {}],
])('sends %s in the unit of the API', (_, texts, patch) => {
  expect(parseLimits({ ...formatLimits(view.limits), ...texts }, view)).toEqual({ patch, errors: {} });
});

test.each([
  ['maxMessageLength', '0'],
  ['maxMessageLength', '1.5'],
  ['roomsPerHour', '-3'],
  ['roomsPerHour', 'many'],
  ['maxUploadSize', '0'],
  ['maxUploadSize', '-1'],
] as const)('%s rejects %s', (name, text) => {
  const { patch, errors } = parseLimits({ ...formatLimits(view.limits), [name]: text }, view);
  expect(patch).toEqual({});
  expect(Object.keys(errors)).toEqual([name]);
});
