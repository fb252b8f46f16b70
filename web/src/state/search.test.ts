import { describe, expect, test } from 'vitest';
import { message } from '../test/fixtures';
import { RestClient } from '../transport/rest';
import { highlightParts, Search } from './search';

const shown = (text: string, ...places: [number, number][]) =>
  highlightParts(text, places.map(([start, end]) => ({ start, end }))).map(({ text: part, marked }) => (marked ? `[${part}]` : part)).join('');

test.each([
  ['one two one', [[0, 3], [8, 11]], '[one] two [one]'],
  ['nothing', [], 'nothing'],
  ['naïve 👍 tea', [[9, 12]], 'naïve 👍 [tea]'],
] as [string, [number, number][], string][])('%s', (text, places, marked) => expect(shown(text, ...places)).toBe(marked));

test('shows the part of a long text around the first match, in whole words', () => {
  const long = `${'before '.repeat(40)}here ${'after '.repeat(60)}`;
  const at = long.indexOf('here');
  const words = shown(long, [at, at + 4]);
  expect(words.startsWith('…before ')).toBe(true);
  expect(words).toContain(' [here] after');
  expect(words.endsWith('…')).toBe(true);
  expect(words.length).toBeLessThan(230);
});

describe('search', () => {
  const hit = (seq: number) => ({ message: message(seq), room: { id: 7, name: 'general' }, highlights: [{ start: 0, end: 1 }] });

  function searching(answer: (query: URLSearchParams) => object) {
    const asked: string[] = [];
    const rest = new RestClient(async (input) => {
      const query = new URL(String(input), 'http://test').searchParams;
      asked.push([query.get('q'), query.get('room'), query.get('cursor')].join(' '));
      return new Response(JSON.stringify(answer(query)));
    });
    return { search: new Search(rest), asked };
  }

  test('reads on while pages are empty and there are more', async () => {
    const pages: Record<string, object> = { '': { results: [], nextCursor: 'a' }, a: { results: [], nextCursor: 'b' }, b: { results: [hit(1)] } };
    const { search, asked } = searching((query) => pages[query.get('cursor') ?? ''] ?? {});
    await search.query(' tea ', 7);
    expect(asked).toEqual(['tea 7 ', 'tea 7 a', 'tea 7 b']);
    expect(search.state.getSnapshot()).toMatchObject({ kind: 'ready', items: [{ message: { seq: 1 } }] });
    expect(search.state.getSnapshot()).not.toHaveProperty('next');
  });

  test('stops after some empty pages', async () => {
    const { search, asked } = searching(() => ({ results: [], nextCursor: 'more' }));
    await search.query('tea');
    expect(asked).toHaveLength(5);
    expect(search.state.getSnapshot()).toMatchObject({ kind: 'ready', items: [], next: 'more' });
  });

  test('drops a late response to an earlier query', async () => {
    const { search } = searching((query) => ({ results: [hit(query.get('q') === 'tea' ? 1 : 2)] }));
    await Promise.all([search.query('tea'), search.query('coffee')]);
    expect(search.state.getSnapshot()).toMatchObject({ items: [{ message: { seq: 2 } }] });
  });

  test('an empty query has no results', async () => {
    const { search, asked } = searching(() => ({ results: [hit(1)] }));
    await search.query('tea');
    await search.query('  ');
    expect(search.state.getSnapshot()).toEqual({ kind: 'idle' });
    expect(asked).toHaveLength(1);
  });
});
