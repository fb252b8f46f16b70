import { useSyncExternalStore } from 'react';

/** Where the page shows the sidebar or the main pane, as in the styles. */
const NARROW = '(max-width: 47.5em)';

/** Reports whether the window is too narrow for two panes. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => window.matchMedia(NARROW).matches);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('resize', changed);
  return () => window.removeEventListener('resize', changed);
}
