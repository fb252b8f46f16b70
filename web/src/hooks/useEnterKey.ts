import { useChat } from './context';
import { useStore } from './useStore';

/** Reports whether the Enter key sends. On a touch keyboard it starts a new line, because there is no other key for that; a button sends. */
export function useEnterSends(): boolean {
  const setting = useStore(useChat().preferences.enterKey);
  return setting === 'auto' ? !hasTouchKeyboard() : setting === 'send';
}

/** Reports whether text is probably typed on the screen: a finger is the main pointer. */
export function hasTouchKeyboard(): boolean {
  return window.matchMedia('(hover: none) and (pointer: coarse)').matches;
}
