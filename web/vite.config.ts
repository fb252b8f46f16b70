import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

interface EmojiRecord {
  emoji: string;
  hexcode: string;
  label: string;
  tags?: string[];
  /** Missing for regional indicators. */
  group?: number;
  skins?: { emoji: string; tone: number | number[] }[];
}

type Shortcodes = Record<string, string | string[] | undefined>;

/** The group of skin tones and hair styles. */
const COMPONENTS = 2;

/** Codes of earlier versions that emojibase-data does not have, or has for another emoji. */
const previousCodes: Record<string, string> = {
  thermometer_face: '🤒',
  medal: '🏅',
  frowning: '☹️',
  calendar: '📅',
  train: '🚆',
  moon: '🌙',
};

const TONES = ['🏻', '🏼', '🏽', '🏾', '🏿'];

/** Reports whether the emoji has each skin tone and the client can make them: by a modifier behind every person or part of a body (state/emoji.ts). */
function hasTones(char: string, skins: EmojiRecord['skins'] = []): boolean {
  const toned = (modifier: string) => char.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/gu, `$1${modifier}`);
  return TONES.every((modifier, i) => skins.some(({ emoji, tone }) => tone === i + 1 && emoji.replace(/\uFE0F$/, '') === toned(modifier).replace(/\uFE0F$/, '')));
}

/** One emoji per line: character, codes, label, further words, group, and 1 if it has skin tones; separated by tabs. */
function emojiData(): string {
  const require = createRequire(import.meta.url);
  const records = require('emojibase-data/en/data.json') as EmojiRecord[];
  const github = require('emojibase-data/en/shortcodes/github.json') as Shortcodes;
  const others = require('emojibase-data/en/shortcodes/emojibase.json') as Shortcodes;
  const used = new Set<string>();
  return records
    .filter(({ group }) => group !== undefined && group !== COMPONENTS)
    .map(({ emoji, hexcode, label, tags = [], group, skins }) => {
      // emojibase-data adds a variation selector to emoji that do not need one.
      const char = emoji.replace(/^(\p{Emoji_Presentation})\uFE0F$/u, '$1');
      const previous = Object.keys(previousCodes).filter((code) => previousCodes[code] === char);
      const sources = [github[hexcode], others[hexcode], label.toLowerCase().replace(/[^a-z0-9]+/g, '_')];
      const isFree = (code: string) => !used.has(code) && (previousCodes[code] ?? char) === char;
      const own = sources.map((codes) => [codes ?? []].flat().filter(isFree)).find((codes) => codes.length > 0) ?? [];
      const codes = [...new Set([...own, ...previous])];
      for (const code of codes) used.add(code);
      const words = new Set(`${label} ${tags.join(' ')}`.toLowerCase().split(/[^\p{L}\p{N}]+/u));
      return [char, codes.join(' '), label, [...words].join(' '), group, hasTones(char, skins) ? 1 : 0].join('\t');
    })
    .join('\n');
}

const EMOJI_MODULE = 'virtual:emoji-data';

/** Provides the names of emoji as a module. The client loads it on demand. */
const emojiNames: Plugin = {
  name: 'emoji-names',
  resolveId: (id) => (id === EMOJI_MODULE ? `\0${EMOJI_MODULE}` : undefined),
  load: (id) => (id === `\0${EMOJI_MODULE}` ? `export default ${JSON.stringify(emojiData())};` : undefined),
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
  plugins: [react(), emojiNames, plainImports, compressed],
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
    setupFiles: ['src/test/setup.ts'],
    restoreMocks: true,
    // For a busy machine, with asyncUtilTimeout in test/setup.ts.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A page and modules of its own take four times as long as the tests of a file. Only files that mock a
    // module need them.
    projects: [
      { extends: true, test: { name: 'shared', include: ['src/**/*.test.{ts,tsx}'], exclude: ['src/**/*.isolated.test.{ts,tsx}'], isolate: false } },
      { extends: true, test: { name: 'isolated', include: ['src/**/*.isolated.test.{ts,tsx}'] } },
    ],
  },
});
