/** A code block of the server. Its line breaks are part of the code. */
const CODE_BLOCK = /(<pre>[\s\S]*?<\/pre>)/;

/** Line breaks of the HTML's source: after a tag that ends a line anyway, and before a block. */
const SOURCE_BREAKS = /(<br>|<\/?(?:p|ul|ol|li|blockquote|table|thead|tbody|tr|th|td)(?: [^>]*)?>)\n|\n(?=<(?:p|ul|ol|blockquote|table)\b|$)/g;

/**
 * Prepares the HTML of a message for the screen. The HTML comes from the server, where every "<" of a text is
 * escaped, so that a pattern of tags matches only tags.
 *
 * The line breaks of its source are removed, because spaces are shown as typed and each line break would be
 * drawn. Lists, quotes and tables take the direction of their text, tasks get a name, and code a button. A
 * mention becomes a button; the element stays, because browsers do not copy the text of button elements.
 */
export function forDisplay(html: string): string {
  return html
    .split(CODE_BLOCK)
    .map((part) => (part.startsWith('<pre>') ? withCopyButton(part) : withoutSourceBreaks(part)))
    .join('');
}

function withoutSourceBreaks(html: string): string {
  return html
    .replace(/^\n/, '')
    .replace(SOURCE_BREAKS, '$1')
    .replace(/<span class="mention" /g, '<span class="mention" role="button" tabindex="0" aria-haspopup="dialog" ')
    .replace(/<(ul|ol|blockquote|table)(?=[ >])/g, '<$1 dir="auto"')
    .replace(/<table/g, '<div class="table-scroll"><table')
    .replace(/<\/table>/g, '</table></div>')
    .replace(/<input (checked="" )?/g, (_, checked?: string) => `<input aria-label="${checked ? 'Done' : 'Not done'}" ${checked ?? ''}`);
}

function withCopyButton(code: string): string {
  const language = /^<pre><code class="language-([^"]*)"/.exec(code)?.[1] ?? '';
  return (
    `<div class="code-block" data-language="${language}">${code}` +
    '<button type="button" class="copy-code" aria-label="Copy code">Copy</button><span class="sr-only" role="status"></span></div>'
  );
}
