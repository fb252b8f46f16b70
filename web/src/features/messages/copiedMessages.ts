import type { Item } from '../../state/room/items';
import { nameOf } from '../../ui/Avatar';
import { timeOf } from '../../ui/dates';

export interface Copied {
  text: string;
  html: string;
}

/**
 * Returns the selected messages for the clipboard: the author and time once per group,
 * and the texts as they were written. It returns undefined if the selection is in one
 * message. `rows` are the rows of the items.
 */
export function copiedMessages(rows: HTMLCollection, items: readonly Item[], selection: Selection): Copied | undefined {
  const selected = [...rows].flatMap((row, i) => {
    const item = items[i];
    return item?.kind === 'message' && item.message.deletedAt === undefined && selection.containsNode(row, true) ? [{ row, item }] : [];
  });
  if (selected.length < 2) return undefined;
  const text: string[] = [];
  const html: string[] = [];
  for (const [i, { row, item: { message, head } }] of selected.entries()) {
    const part = selection.containsNode(row, false) ? undefined : partOf(row, selection.getRangeAt(0));
    if (part === '') continue;
    if (head || i === 0) {
      const title = `${nameOf(message.author)}, ${timeOf(message.createdAt)}`;
      text.push(...(text.length > 0 ? [''] : []), title);
      html.push(`<p><b>${escapeHtml(title)}</b></p>`);
    }
    const files = message.attachments.map(({ name }) => name);
    text.push(...[part ?? message.text, ...files].filter(Boolean));
    html.push(part === undefined ? message.html : `<p>${escapeHtml(part)}</p>`, ...files.map((name) => `<p>${escapeHtml(name)}</p>`));
  }
  return { text: text.join('\n'), html: html.join('') };
}

/** Returns the selected part of the text of a row. */
function partOf(row: Element, range: Range): string {
  const body = row.querySelector('[data-message-text]');
  if (body === null) return '';
  const whole = document.createRange();
  whole.selectNodeContents(body);
  const part = range.cloneRange();
  if (part.compareBoundaryPoints(Range.START_TO_START, whole) < 0) part.setStart(whole.startContainer, whole.startOffset);
  if (part.compareBoundaryPoints(Range.END_TO_END, whole) > 0) part.setEnd(whole.endContainer, whole.endOffset);
  return part.toString().trim();
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
