import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = process.env.CHILLIN_URL ?? 'http://localhost:5000';

/** What is fetched later is small and has no styles of its own: Vite's help in fetching it would weigh on every first load. */
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load();' : undefined),
};

export default defineConfig({
  plugins: [react(), plainImports],
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
