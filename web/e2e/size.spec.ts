import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { node1 } from './people';

test('the first load has at most 130 KB of JavaScript', async ({ request }) => {
  const page = await (await request.get(node1)).text();
  const scripts = [...page.matchAll(/<script[^>]* src="([^"]+)"|<link rel="modulepreload"[^>]* href="([^"]+)"/g)].map(([, src, href]) => new URL(src ?? href ?? '', node1).href);
  const sizes = new Map<string, number>();
  for (const script of scripts) {
    if (sizes.has(script)) continue;
    const code = await (await request.get(script)).text();
    sizes.set(script, gzipSync(code, { level: 9 }).length);
    // Modules that this one imports at once. import() loads the others when they are needed.
    for (const [, name] of code.matchAll(/(?:from|import)\s*["'](\.\/[^"']+)["']/g)) scripts.push(new URL(name ?? '', script).href);
  }
  const sum = [...sizes.values()].reduce((a, b) => a + b, 0);
  console.log(`first load: ${sum} bytes in ${sizes.size} scripts`);
  expect(sizes.size).toBeGreaterThan(1);
  expect(sum).toBeLessThanOrEqual(130_000);
});
