import { useEffect } from 'react';
import { isComposing } from '../../hooks/composition';

/** Calls escape on the Escape key if no dialog or popup handles it. */
export function useEscape(armed: boolean, escape: () => void) {
  useEffect(() => {
    if (!armed) return undefined;
    const handleKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || isComposing(event) || event.defaultPrevented || document.querySelector('dialog[open], [popover]') !== null) return;
      escape();
    };
    window.addEventListener('keydown', handleKeyDown);
    return () => window.removeEventListener('keydown', handleKeyDown);
  }, [armed, escape]);
}
