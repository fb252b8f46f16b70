import { expect, test } from 'vitest';
import { forDisplay } from './messageHtml';

test('line breaks of the source are not drawn', () => {
  expect(forDisplay('<p>a<br>\n  b</p>\n<ul>\n<li>c\n<ul>\n<li>d</li>\n</ul>\n</li>\n</ul>\n')).toBe(
    '<p>a<br>  b</p><ul dir="auto"><li>c<ul dir="auto"><li>d</li></ul></li></ul>',
  );
});

test('line breaks of code are kept, and the block has a button and its language', () => {
  const shown = forDisplay('<p>x</p>\n<pre><code class="language-go">a\n&lt;/p&gt;\n\nb\n</code></pre>\n<p>y</p>\n');
  expect(shown).toContain('<pre><code class="language-go">a\n&lt;/p&gt;\n\nb\n</code></pre>');
  expect(shown).toMatch(/^<p>x<\/p><div class="code-block" data-language="go">.*<button[^>]*aria-label="Copy code">Copy<\/button>.*<\/div><p>y<\/p>$/s);
});

test('tasks have a name', () => {
  const shown = forDisplay('<ul>\n<li><input checked="" disabled="" type="checkbox"> a</li>\n<li><input disabled="" type="checkbox"> b</li>\n</ul>\n');
  expect(shown).toBe(
    '<ul dir="auto"><li><input aria-label="Done" checked="" disabled="" type="checkbox"> a</li><li><input aria-label="Not done" disabled="" type="checkbox"> b</li></ul>',
  );
});

test('a table can be scrolled', () => {
  expect(forDisplay('<table>\n<thead>\n<tr>\n<th align="right">a</th>\n</tr>\n</thead>\n</table>\n')).toBe(
    '<div class="table-scroll"><table dir="auto"><thead><tr><th align="right">a</th></tr></thead></table></div>',
  );
});

test('typed tags are text', () => {
  expect(forDisplay('<p>&lt;pre&gt; &lt;ul&gt;\n</p>')).toBe('<p>&lt;pre&gt; &lt;ul&gt;\n</p>');
});
