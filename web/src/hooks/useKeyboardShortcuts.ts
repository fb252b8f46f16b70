import { useEffect } from 'react';
import { adjacentRoom, sidebarOrder } from '../state/quickSwitch';
import { isComposing } from './composition';
import { useChat } from './context';
import { goTo, roomHref } from './useRoute';

interface Keys {
  /** Ctrl+K */
  onSwitch: () => void;
  /** ? outside of text fields, and Ctrl+/ */
  onHelp: () => void;
}

/** The global keyboard shortcuts. They do nothing while a dialog or popup is open. */
export function useKeyboardShortcuts(current: number | undefined, { onSwitch, onHelp }: Keys): void {
  const chat = useChat();
  useEffect(() => {
    const step = (by: 1 | -1, unreadOnly: boolean) => {
      const state = chat.rooms.state.getSnapshot();
      if (state.kind !== 'ready') return;
      const { rooms, people } = sidebarOrder(state.value, chat.rooms.lastMessageAt.getSnapshot());
      const ids = [...rooms, ...people].map(({ room }) => room.id);
      const counts = chat.rooms.unread.getSnapshot();
      const next = adjacentRoom(unreadOnly ? ids.filter((id) => id === current || (counts.get(id)?.unread ?? 0) > 0) : ids, current, by);
      if (next !== undefined) goTo(roomHref(next));
    };
    const handleKeyDown = (event: KeyboardEvent) => {
      const { key, altKey, shiftKey } = event;
      const command = event.ctrlKey || event.metaKey;
      // Looking for a dialog is slow on a long page: most keys are letters.
      if (!command && !altKey && key !== '?') return;
      if (event.defaultPrevented || isComposing(event) || document.querySelector('dialog[open], [popover]') !== null) return;
      if (command && !altKey && !shiftKey && key.toLowerCase() === 'k') onSwitch();
      else if (!command && altKey && (key === 'ArrowDown' || key === 'ArrowUp')) step(key === 'ArrowDown' ? 1 : -1, shiftKey);
      else if (!command && !altKey && key === '?' && !isWriting(event.target)) onHelp();
      else if (command && !altKey && key === '/') onHelp();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', handleKeyDown);
    return () => window.removeEventListener('keydown', handleKeyDown);
  }, [chat, current, onSwitch, onHelp]);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
