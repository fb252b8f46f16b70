import { useEffect } from 'react';

/** Escape, where nothing else is to be let go of. */
export function useEscape(armed: boolean, escape: () => void) {
  useEffect(() => {
    if (!armed) return undefined;
    const handleKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open], [popover]') !== null) return;
      escape();
    };
    window.addEventListener('keydown', handleKeyDown);
    return () => window.removeEventListener('keydown', handleKeyDown);
  }, [armed, escape]);
}
