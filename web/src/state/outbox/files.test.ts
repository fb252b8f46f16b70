import { expect, test } from 'vitest';
import { selectFiles, fitWithin, formatSize } from './files';

const limits = { maxUploadSize: 10 << 20, maxAttachments: 3 };
const file = (name: string, size: number) => ({ name, size });

test.each([
  ['what fits is accepted', [file('a', 5)], 0, ['a'], []],
  ['as large as may be is not too large', [file('a', 10 << 20)], 0, ['a'], []],
  ['reports a file above the limit and accepts the others', [file('film', (10 << 20) + 1), file('b', 1)], 0, ['b'], ['film is too large. The limit is 10 MB.']],
  ['nothing is no file', [file('nothing', 0)], 0, [], ['nothing is empty.']],
  ['reports too many files once', [file('a', 1), file('b', 1), file('c', 1)], 2, ['a'], ['A message can have at most 3 files.']],
])('%s', (_, files, present, accepted, errors) => {
  const admitted = selectFiles(files, present, limits);
  expect(admitted.accepted.map(({ name }) => name)).toEqual(accepted);
  expect(admitted.errors).toEqual(errors);
});

test.each([
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1 KB'],
  [3_450_000, '3.3 MB'],
  [10 << 20, '10 MB'],
  [20_000_000_000, '19 GB'],
])('formats %i bytes as %s', (bytes, words) => expect(formatSize(bytes)).toBe(words));

test.each([
  [[100, 50], [100, 50]],
  [[1000, 500], [400, 200]],
  [[500, 3000], [50, 300]],
  [[9000, 1], [400, 1]],
])('fits %j into %j', ([width = 0, height = 0], [w, h]) => expect(fitWithin(width, height, 400, 300)).toEqual({ width: w, height: h }));
