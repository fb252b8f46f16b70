import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sources = Object.entries(import.meta.glob<string>('../**/*.tsx', { query: '?raw', import: 'default', eager: true }));
const modules = Object.keys(import.meta.glob('../**/*.module.css', { query: '?url' }));

const classesOf = (path: string) =>
  new Set([...readFileSync(new URL(path, import.meta.url), 'utf8').replaceAll(/:global\([^)]*\)/g, '').matchAll(/\.([a-z]\w*)/gi)].map(([, name]) => name ?? ''));

/** The uses of a module: by an import's name, with the classes that are read. */
function usesOf(module: string) {
  return sources.flatMap(([path, source]) => {
    const found = [...source.matchAll(/import (\w+) from '([^']*\.module\.css)';/g)].find(([, , name]) => new URL(name ?? '', new URL(path, 'file:///src/styles/')).href === new URL(module, 'file:///src/styles/').href);
    if (found === undefined) return [];
    const dynamic = source.includes(`${found[1]}[`);
    return [{ path, dynamic, names: [...source.matchAll(new RegExp(`\\b${found[1]}\\.(\\w+)`, 'g'))].map(([, name]) => name ?? '') }];
  });
}

test('style modules are found', () => {
  expect(modules.length).toBeGreaterThan(30);
});

test.each(modules)('%s defines the classes that components use, and no other', (module) => {
  const defined = classesOf(module);
  const uses = usesOf(module);
  const used = new Set(uses.flatMap(({ names }) => names));
  expect([...used].filter((name) => !defined.has(name))).toEqual([]);
  if (uses.some(({ dynamic }) => dynamic)) return;
  expect([...defined].filter((name) => !used.has(name))).toEqual([]);
});
