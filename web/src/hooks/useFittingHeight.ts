import { type RefObject, useLayoutEffect } from 'react';

/** Gives a text area the height of its text, in browsers that do not do it by themselves (field-sizing: content). */
export function useFittingHeight(input: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    // Measuring lays out the page with every letter.
    if (input.current !== null && !CSS.supports('field-sizing', 'content')) fitHeight(input.current);
  }, [input, text]);
}

function fitHeight(area: HTMLTextAreaElement): void {
  area.style.height = 'auto';
  area.style.height = `${area.scrollHeight}px`;
}
