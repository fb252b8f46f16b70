import { type RefObject, useLayoutEffect } from 'react';

/**
 * Shows a text in a field that the browser owns. React does not control the field:
 * it would write the text back after every letter, and the browser would undo letter
 * by letter. Only a text that comes from elsewhere is written: another draft, or none.
 */
export function useNativeText(input: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    if (input.current !== null && input.current.value !== text) setText(input.current, text);
  }, [input, text]);
}

function setText(area: HTMLTextAreaElement, text: string): void {
  area.value = text;
}

/**
 * Changes the text of a field as if the user had typed it, so that it can be undone.
 * The field reports the change with an input event.
 */
export function typeInto(area: HTMLTextAreaElement, { text, caret }: { text: string; caret: number }): void {
  const { value } = area;
  let from = 0;
  while (from < value.length && from < text.length && value[from] === text[from]) from++;
  let same = 0;
  while (same < value.length - from && same < text.length - from && value.at(-1 - same) === text.at(-1 - same)) same++;
  const to = value.length - same;
  area.focus();
  area.setSelectionRange(from, to);
  // Deprecated, but no other way of changing a field keeps the undo history of the browser.
  const execCommand = document.execCommand as Document['execCommand'] | undefined;
  const inserted = text.slice(from, text.length - same);
  if (execCommand?.call(document, inserted === '' ? 'delete' : 'insertText', false, inserted) !== true) {
    area.setRangeText(inserted, from, to, 'end');
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
  area.setSelectionRange(caret, caret);
}
