import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { previewHtml } from './previewHtml';

interface Case {
  name: string;
  text: string;
  html: string;
}

/** The examples of the server's rules. */
const corpus = (JSON.parse(readFileSync('../internal/markup/testdata/messages.json', 'utf8')) as { group: string; cases: Case[] }[]).flatMap(
  ({ group, cases }) => cases.map((one) => ({ ...one, group })),
);

/** Examples whose words differ from what the server will show, in the same lines. */
const OTHER_WORDS = /^disguised links|escaped (?:signs|markers|links|mention)|paths of Windows|an escaped backslash|link in a label|link without ink|image|in brackets and quotes|mention in a link|other symbols|no link in the label|link in angle|links angle brackets$/;
/** Rare examples whose lines differ. */
const OTHER_LINES = /an empty item in a list/;

/** The blocks and line breaks, which decide about the height. */
function linesOf(html: string): string {
  return (html.match(/<\/?(?:p|ul|ol|li|pre|blockquote|table|tr|th|td)\b|<br>/g) ?? []).join(' ') + (html.match(/<pre>[\s\S]*?<\/pre>/g) ?? []).map((code) => code.split('\n').length).join();
}

function wordsOf(html: string): string {
  return html.replace(/<\/?(?:a|span|strong|em|del)(?: [^>]*)?>/g, '').replace(/ (?:class|value|start|align)="[^"]*"/g, '').replace(/>\s+</g, '><').trim();
}

test.each(corpus)('$group: $name', ({ group, name, text, html }) => {
  const preview = previewHtml(text);
  if (!OTHER_LINES.test(name)) expect(linesOf(preview)).toBe(linesOf(html));
  if (!OTHER_LINES.test(name) && !OTHER_WORDS.test(`${group} ${name}`)) expect(wordsOf(preview)).toBe(wordsOf(html));
});

test('nothing that is typed becomes a tag or an attribute', () => {
  for (const text of ['<img src=x onerror=alert(1)>', '[<b>](https://e.org)', '```"><script>\nx', '`<i>`', '| <a href=x> |\n|-|', '\uE0000\uE001', '![x" onerror="y](https://e.org)']) {
    expect(previewHtml(text)).not.toMatch(/<(?!\/?(?:p|br|strong|em|del|code|pre|blockquote|ul|ol|li|table|thead|tbody|tr|th|td)>)/);
  }
});
