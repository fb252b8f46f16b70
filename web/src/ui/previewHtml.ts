/*
 * Renders a message that is not stored yet, so that it does not change its height when the server confirms it.
 * The rules are those of internal/markup, as far as they decide about lines and blocks; the test compares both
 * with the same examples. The result contains only tags without attributes from outside: links are spans.
 */

const MAX_DEPTH = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-+*]|0[.)]|[1-9]\d{0,8}[.)])([ \t]+)(?=\S)/;
const LANGUAGE = /^[\w+#.-]{1,32}$/;

/** Renders the text of a message as the server will. */
export function previewHtml(text: string): string {
  return blocks(text.replace(/\r\n?/g, '\n').replace(/\s+$/, '').replace(/^(?:[ \t]*\n)+/, '').split('\n'), 0);
}

function blocks(lines: string[], depth: number): string {
  let html = '';
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.trim() === '') {
      at++;
      continue;
    }
    const block = fence(lines, at) ?? (depth < MAX_DEPTH ? (quote(lines, at, depth) ?? list(lines, at, depth)) : undefined) ?? table(lines, at) ?? paragraph(lines, at, depth);
    html += block.html;
    at = block.end;
  }
  return html;
}

interface Block {
  html: string;
  /** The line after the block. */
  end: number;
}

function fence(lines: string[], at: number): Block | undefined {
  const [, marks = '', info = ''] = FENCE.exec(lines[at] ?? '') ?? [];
  if (marks === '' || (marks.startsWith('`') && info.includes('`'))) return undefined;
  const isLanguage = LANGUAGE.test(info);
  const code = info === '' || isLanguage ? [] : [info];
  let end = at + 1;
  for (; end < lines.length; end++) {
    const line = lines[end] ?? '';
    if (closes(line, marks)) {
      end++;
      break;
    }
    if (closesGlued(lines, end, marks)) {
      code.push(line.trimEnd().slice(0, -marks.length));
      end++;
      break;
    }
    code.push(line);
  }
  const language = isLanguage ? ` class="language-${escape(info)}"` : '';
  return { html: `<pre><code${language}>${code.map((line) => `${escape(line)}\n`).join('')}</code></pre>\n`, end };
}

function closes(line: string, marks: string): boolean {
  const typed = line.trim();
  return typed.length >= marks.length && typed === (marks[0] ?? '').repeat(typed.length);
}

/** Whether a line of code ends with the closing fence: unless one of the lines after it closes the block. */
function closesGlued(lines: string[], at: number, marks: string): boolean {
  const line = (lines[at] ?? '').trimEnd();
  const code = line.slice(0, -marks.length);
  if (!line.endsWith(marks) || code.trim() === '' || code.endsWith(marks[0] ?? '') || code.includes(marks)) return false;
  const fences = lines.slice(at + 1).filter((other) => other.trimStart().startsWith(marks));
  return fences.length % 2 === 0;
}

function quote(lines: string[], at: number, depth: number): Block | undefined {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end] ?? '')) end++;
  const quoted = lines.slice(at, end);
  if (!quoted.some((line) => /[^>\s]/.test(line))) return undefined;
  return { html: `<blockquote>\n${blocks(quoted.map((line) => line.replace(QUOTE, '')), depth + 1)}</blockquote>\n`, end };
}

function itemAt(line: string): { marker: string; offset: number; text: string } | undefined {
  const match = ITEM.exec(line);
  if (!match) return undefined;
  const text = line.slice(match[0].length);
  if (/^[-+*>\s]*$/.test(text)) return undefined; // markers alone are text
  return { marker: match[2] ?? '', offset: match[0].length, text };
}

function list(lines: string[], at: number, depth: number): Block | undefined {
  const first = itemAt(lines[at] ?? '');
  if (!first) return undefined;
  const kind = first.marker.at(-1);
  const items: { marker: string; lines: string[] }[] = [];
  let end = at;
  let loose = false;
  while (end < lines.length) {
    const item = itemAt(lines[end] ?? '');
    if (!item || item.marker.at(-1) !== kind) break;
    const own = [item.text];
    end++;
    let blank = 0;
    for (; end < lines.length; end++) {
      const line = lines[end] ?? '';
      if (line.trim() === '') blank++;
      else if (line.length - line.trimStart().length >= item.offset) {
        if (blank > 0) loose = true;
        own.push(...Array<string>(blank).fill(''), line.slice(item.offset));
        blank = 0;
      } else break;
    }
    items.push({ marker: item.marker, lines: own });
    if (blank > 0 && itemAt(lines[end] ?? '')?.marker.at(-1) === kind) loose = true;
  }
  const ordered = /^\d/.test(first.marker);
  let expected = Number.parseInt(first.marker, 10);
  const start = ordered && expected !== 1 ? ` start="${expected}"` : '';
  const html = items.map(({ marker, lines: own }) => {
    const number = Number.parseInt(marker, 10);
    const value = ordered && number !== expected ? ` value="${number}"` : '';
    expected = number + 1;
    return `<li${value}>${itemHtml(own, loose, depth)}</li>\n`;
  });
  const tag = ordered ? 'ol' : 'ul';
  return { html: `<${tag}${start}>\n${html.join('')}</${tag}>\n`, end };
}

function itemHtml(lines: string[], loose: boolean, depth: number): string {
  const task = /^\[([ xX])\][ \t](?=\S)/.exec(lines[0] ?? '');
  const box = task ? `<input ${task[1] === ' ' ? '' : 'checked="" '}disabled="" type="checkbox"> ` : '';
  const own = task ? [(lines[0] ?? '').slice(task[0].length), ...lines.slice(1)] : lines;
  const html = blocks(own, depth + 1).replace(/^<p>/, `<p>${box}`);
  if (loose) return `\n${html}`;
  const tight = html.replace(/<p>([\s\S]*?)<\/p>\n/g, '$1\n');
  return /<\/(?:ul|ol|pre|blockquote|table)>\n$/.test(tight) ? tight : tight.replace(/\n$/, '');
}

function table(lines: string[], at: number): Block | undefined {
  const delimiters = lines[at + 1] ?? '';
  if (!delimiters.includes('|') || !/^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/.test(delimiters)) return undefined;
  const aligns = cells(delimiters).map((cell) => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : cell.startsWith(':') ? 'left' : ''));
  const rows = [cells(lines[at] ?? '')];
  if (rows[0]?.length !== aligns.length) return undefined;
  let end = at + 2;
  for (; end < lines.length && (lines[end] ?? '').includes('|'); end++) rows.push(cells(lines[end] ?? ''));
  const columns = Math.max(...rows.map((row) => row.length));
  const html = rows.map((row, i) => {
    const tag = i === 0 ? 'th' : 'td';
    const inner = Array.from({ length: columns }, (_, column) => `<${tag}${aligns[column] ? ` align="${aligns[column]}"` : ''}>${inline(row[column] ?? '')}</${tag}>\n`);
    return `<tr>\n${inner.join('')}</tr>\n`;
  });
  const body = html.length > 1 ? `<tbody>\n${html.slice(1).join('')}</tbody>\n` : '';
  return { html: `<table>\n<thead>\n${html[0]}</thead>\n${body}</table>\n`, end };
}

function cells(row: string): string[] {
  const inner = row.trim().replace(/^\|/, '').replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function paragraph(lines: string[], at: number, depth: number): Block {
  let end = at + 1;
  while (end < lines.length && !interrupts(lines, end, depth)) end++;
  const text = lines.slice(at, end).map((line) => line.trimEnd());
  return { html: `<p>${inline(text.join('\n'))}</p>\n`, end };
}

/** Whether a line ends the paragraph before it. A list with another number than 1 does not. */
function interrupts(lines: string[], at: number, depth: number): boolean {
  const line = lines[at] ?? '';
  if (line.trim() === '' || fence(lines, at) || table(lines, at)) return true;
  if (depth >= MAX_DEPTH) return false;
  const item = itemAt(line);
  return (item && (!/^\d/.test(item.marker) || /^1[.)]$/.test(item.marker))) || (QUOTE.test(line) && quote(lines, at, MAX_DEPTH) !== undefined);
}

/** What emphasis does not reach into: code (1, 2), a link with a title (3, 4), an address (5), an escaped sign (6). */
const VERBATIM = /(`+)(?!`)([\s\S]*?[^`])\1(?!`)|!?\[([^\]]+)\]\(<?(?:https?:\/\/|mailto:)[^)\s]*>?(?:\s+"([^"]*)")?\)|<?(https?:\/\/[^\s<>"`\\]+)>?|(?<![\p{L}\p{N}\\:.%¯])\\([*_~`])(?!\s)/giu;

function inline(text: string): string {
  const kept: string[] = [];
  const keep = (html: string) => `\uE000${kept.push(html) - 1}\uE001`;
  const source = text.replace(/[\uE000\uE001]/g, '').replace(VERBATIM, (whole: string, ...groups: (string | undefined)[]) => {
    const [, code, label, title, address, sign] = groups;
    if (code !== undefined) return keep(`<code>${escape(code.replace(/^ ([\s\S]*\S[\s\S]*) $/, '$1').replaceAll('\n', ' '))}</code>`);
    if (label !== undefined) return keep(emphasize(escape(label)) + (title ? escape(` "${title}"`) : ''));
    if (address !== undefined) return withTail(whole, address, keep);
    return keep(escape(sign ?? whole));
  });
  return emphasize(escape(source))
    .replaceAll('\n', '<br>\n')
    .replace(/\uE000(\d+)\uE001/g, (_, i: string) => kept[Number(i)] ?? '');
}

/** Keeps an address without the signs after it. Brackets around it are not shown. */
function withTail(whole: string, address: string, keep: (html: string) => string): string {
  if (whole.startsWith('<') && whole.endsWith('>')) return keep(escape(address));
  const end = /[*_~?!.,:;')\]}>]*$/.exec(whole)?.index ?? whole.length;
  return keep(escape(whole.slice(0, end))) + whole.slice(end);
}

const WORD = '[\\p{L}\\p{N}]';
const EMPHASIS: readonly (readonly [RegExp, string])[] = [
  [/(?<!\*)\*\*(?![\s*])([^*]+?)(?<![\s/])\*\*(?!\*)/gu, 'strong'],
  [new RegExp(`(?<!${WORD}|_)__(?![\\s_])([^_]+?)(?<!\\s)__(?!${WORD}|_)`, 'gu'), 'strong'],
  [/(?<!\*)\*(?![\s*])([^*]+?)(?<![\s/])\*(?!\*)/gu, 'em'],
  [new RegExp(`(?<!${WORD}|[_)¯\\\\])_(?![\\s_])([^_]+?)(?<!\\s)_(?!${WORD}|_)`, 'gu'), 'em'],
  [/(?<!~)~~(?![\s~])([^~]+?)(?<!\s)~~(?!~)/gu, 'del'],
];

function emphasize(html: string): string {
  return EMPHASIS.reduce(
    (text, [pattern, tag]) =>
      text.replace(pattern, (whole: string, content: string, at: number) =>
        isArithmetic(text[at - 1] ?? '', content, text[at + whole.length] ?? '') ? whole : `<${tag}>${content}</${tag}>`,
      ),
    html,
  );
}

const OPERAND = /[\p{Script=Latin}\d)\]]/u;

/** Whether the signs around content are multiplications or inside words, as in "2*x + 3*y". */
function isArithmetic(before: string, content: string, after: string): boolean {
  if (before === '/' && after === '/') return true;
  if (!OPERAND.test(before) || !OPERAND.test(after)) return false;
  return /\d/.test(before + after + (content[0] ?? '') + (content.at(-1) ?? '')) || /\s/.test(content);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;');
}
