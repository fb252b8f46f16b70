import { createContext, use } from 'react';
import type { Author } from '../protocol/types';

/** A person whose card is open, and the element that opened it. */
export interface OpenPerson {
  person: Author;
  anchor: HTMLElement;
}

export const OpenPersonContext = createContext<(person: Author, anchor: HTMLElement) => void>(() => undefined);

/** Returns the function that opens the card of a person. */
export function useOpenPerson(): (person: Author, anchor: HTMLElement) => void {
  return use(OpenPersonContext);
}
