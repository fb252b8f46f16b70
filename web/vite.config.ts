import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = process.env.CHILLIN_URL ?? 'http://localhost:5000';

/**
 * Replaces Vite's preload helper, which would add to every first load. Lazy chunks need none:
 * they are small, and cssCodeSplit is off, so the page has their styles from the start.
 */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load();' : undefined),
};

/** Writes a .gz and a .br beside every text file of the build: the server compresses nothing per request (embed.go). */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  writeBundle: ({ dir = 'dist' }) => {
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(html|js|css|svg|json)$/.test(name)) continue;
      const path = join(dir, name);
      const content = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
    }
  },
};

export default defineConfig({
  plugins: [react(), plainImports, compressed],
  server: {
    proxy: {
      // With the host as the browser names it: the server compares it with the page's origin.
      '/api': { target: server, changeOrigin: false },
      '/health': server,
      '/ws': { target: server, ws: true },
    },
  },
  build: {
    target: 'es2022',
    // light-dark() and friends stay as they are written.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    // One style sheet for all chunks: plainImports loads no styles.
    cssCodeSplit: false,
    // No data: URLs and no inline scripts: the server's CSP allows neither.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test/setup.ts'],
    restoreMocks: true,
  },
});
