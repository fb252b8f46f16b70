import { expect, test } from 'vitest';
import { ApiError } from '../transport/errors';
import { type Page, PagedResource } from './pagedResource';

type Asked = { question: string; cursor: string | undefined; answer: (page: Page<string>) => void; fail: () => void };

/** Returns a list. The test plays its server. */
function listing() {
  const asked: Asked[] = [];
  const pages = new PagedResource<string, string>(
    (question, cursor) =>
      new Promise((answer, refuse) => asked.push({ question, cursor, answer, fail: () => refuse(new ApiError('UNAVAILABLE', 'Not right now.')) })),
    '',
  );
  return { pages, asked, state: () => pages.state.getSnapshot() };
}

test('reads page after page', async () => {
  const { pages, asked, state } = listing();
  const first = pages.query('a');
  asked[0]?.answer({ items: ['a1', 'a2'], next: 'c1' });
  await first;
  expect(state()).toEqual({ kind: 'ready', items: ['a1', 'a2'], next: 'c1' });
  const second = pages.loadMore();
  expect(asked[1]).toMatchObject({ question: 'a', cursor: 'c1' });
  asked[1]?.answer({ items: ['a3'] });
  await second;
  expect(state()).toEqual({ kind: 'ready', items: ['a1', 'a2', 'a3'] });
  await pages.loadMore();
  expect(asked).toHaveLength(2);
});

test('marks old results as stale during a new query, and drops late responses to earlier queries', async () => {
  const { pages, asked, state } = listing();
  const first = pages.query('a');
  asked[0]?.answer({ items: ['a1'] });
  await first;
  const slow = pages.query('ab');
  const fast = pages.query('abc');
  expect(state()).toEqual({ kind: 'loading', stale: ['a1'] });
  asked[2]?.answer({ items: ['abc'] });
  await fast;
  asked[1]?.answer({ items: ['ab'] });
  await slow;
  expect(state()).toEqual({ kind: 'ready', items: ['abc'] });
});

test('a failure keeps results of the same query, but not of another one', async () => {
  const { pages, asked, state } = listing();
  const first = pages.query('a');
  asked[0]?.answer({ items: ['a1'], next: 'c1' });
  await first;
  const again = pages.refresh();
  asked[1]?.fail();
  await again;
  expect(state()).toEqual({ kind: 'failed', items: ['a1'], reason: 'Not right now.' });
  const other = pages.query('b');
  asked[2]?.fail();
  await other;
  expect(state()).toEqual({ kind: 'failed', items: [], reason: 'Not right now.' });
});
