import { expect, test } from 'vitest';

/** Imports run one way: a layer knows itself and those before it. */
const layers = ['protocol', 'transport', 'state', 'hooks', 'components'];

const files = import.meta.glob<string>('./**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });

function layerOf(path: string): number {
  return layers.indexOf(path.split('/')[1] ?? '');
}

function importsOf(source: string): string[] {
  return [...source.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)].map((found) => found[1] ?? found[2] ?? '');
}

const own = Object.entries(files).filter(([path]) => layerOf(path) >= 0 && !path.includes('.test.'));

test('layers are found', () => {
  expect(own.length).toBeGreaterThan(30);
});

test.each(own)('%s imports from its own layer or those below', (path, source) => {
  const upward = importsOf(source).filter((name) => {
    const layer = layers.indexOf(/^\.\.\/([a-z]+)\//.exec(name)?.[1] ?? '');
    return layer > layerOf(path) || name.includes('/test/');
  });
  expect(upward).toEqual([]);
});

test.each(own.filter(([path]) => layerOf(path) < layers.indexOf('hooks')))('%s knows no React', (_, source) => {
  expect(importsOf(source).filter((name) => name.startsWith('react'))).toEqual([]);
});

test('HTML is set in one place', () => {
  const setters = own.filter(([, source]) => /dangerouslySetInnerHTML|innerHTML\s*=|insertAdjacentHTML/.test(source)).map(([path]) => path);
  expect(setters).toEqual(['./components/Html.tsx']);
});
