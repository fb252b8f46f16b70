import { expect, test } from 'vitest';

/** A file imports from its own layer and from the layers before it. */
const layers = ['protocol', 'transport', 'state', 'hooks', 'ui', 'features', 'app'];

/** The features that a feature imports. Every feature may import ui; only app may import every feature. */
const featureImports: Record<string, readonly string[]> = {
  messages: ['emoji', 'files'],
  composer: ['emoji', 'files'],
  files: [],
  emoji: ['lazy'],
  room: ['messages', 'composer', 'members', 'rooms', 'lazy'],
  rooms: ['lazy'],
  members: [],
  people: ['members', 'lazy'],
  sidebar: [],
  search: [],
  account: ['lazy'],
  integrations: [],
  welcome: [],
  admin: ['rooms'],
  // Dynamic imports only.
  lazy: ['search', 'members', 'rooms', 'integrations', 'admin', 'account', 'emoji', 'people', 'room', 'welcome'],
};

const files = import.meta.glob<string>('./**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });

const sources = Object.entries(files).filter(([path]) => layerOf(path) >= 0 && !path.includes('.test.'));

/** The position of a file's layer, or -1 for a file outside the layers. */
function layerOf(path: string): number {
  return layers.indexOf(path.split('/')[1] ?? '');
}

/** The feature of a file: its folder, or its name if it is in features itself. */
function featureOf(path: string): string | undefined {
  return /^\.\/features\/([a-zA-Z]+)/.exec(path)?.[1];
}

/** The relative imports of a file as paths from src, such as "./state/chat". */
function localImports(path: string, source: string): string[] {
  return importsOf(source)
    .filter((name) => name.startsWith('.'))
    .map((name) => `.${new URL(name, `file:///${path}`).pathname}`);
}

function importsOf(source: string): string[] {
  return [...source.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)].map((found) => found[1] ?? found[2] ?? '');
}

test('every layer has files', () => {
  expect(new Set(sources.map(([path]) => layerOf(path))).size).toBe(layers.length);
});

test.each(sources)('%s imports from its own layer or a lower one', (path, source) => {
  const upward = localImports(path, source).filter((target) => layerOf(target) > layerOf(path) || layerOf(target) < 0);
  expect(upward).toEqual([]);
});

test.each(sources.filter(([path]) => featureOf(path) !== undefined))('%s imports only the features that it may use', (path, source) => {
  const own = featureOf(path) ?? '';
  const allowed = [own, ...(featureImports[own] ?? [])];
  const imported = localImports(path, source).map(featureOf);
  expect(imported.filter((feature) => feature !== undefined && !allowed.includes(feature))).toEqual([]);
});

test('lazy.tsx imports features only dynamically', () => {
  expect(files['./features/lazy.tsx']).not.toMatch(/from '\.\/[a-z]+\//);
});

test.each(sources.filter(([path]) => layerOf(path) < layers.indexOf('hooks')))('%s does not import React', (_, source) => {
  expect(importsOf(source).filter((name) => name.startsWith('react'))).toEqual([]);
});

test('only Html.tsx sets HTML', () => {
  const setters = sources.filter(([, source]) => /dangerouslySetInnerHTML|innerHTML\s*=|insertAdjacentHTML/.test(source)).map(([path]) => path);
  expect(setters).toEqual(['./ui/Html.tsx']);
});

test('all forms show errors in the same way', () => {
  const forms = sources.filter(([, source]) => /<form\b/.test(source)).map(([path]) => path);
  // The composer has no fields that can be wrong.
  expect(forms).toEqual(['./features/composer/Composer.tsx', './ui/Form.tsx']);
});

const components = sources.filter(([path]) => path.endsWith('.tsx'));

test.each(components)('%s has at most 150 lines', (_, source) => {
  expect(source.split('\n').length - 1).toBeLessThanOrEqual(150);
});

test.each(sources.filter(([path]) => path.startsWith('./state/') || path.startsWith('./transport/')))('%s has no class of more than 300 lines', (_, source) => {
  const classes = [...source.matchAll(/^(?:export )?class (\w+)[^]*?^\}/gm)];
  const tooLong = classes.filter(([body]) => body.split('\n').length > 300).map(([, name]) => name);
  // To be split.
  expect(tooLong.filter((name) => name !== 'RestClient')).toEqual([]);
});

test.each(components)('%s does not use the REST client', (_, source) => {
  expect(source).not.toMatch(/\bchat\.rest\b/);
});
