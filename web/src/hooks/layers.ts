import { useEffect, useRef } from 'react';
import { hasTouchKeyboard } from './useEnterKey';

/** The entry of the browser's history while layers are open above the page. */
interface LayerEntry {
  /** The number of open layers. */
  layers: number;
}

/** The functions that close the open layers, the topmost last. */
const open: (() => void)[] = [];
/** An entry of a closed layer is being removed from the history. */
let removing = false;
let waiting: (() => void)[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Makes the Back key of a phone close what is above the page: a picture, a menu, a
 * dialog, a panel. Each layer has an entry in the history with the address of the
 * page. With a mouse nothing happens: there Back means the previous page.
 */
export function useLayer(onClose: () => void, active = true): void {
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    if (!active || !hasTouchKeyboard()) return undefined;
    const layer = () => close.current();
    open.push(layer);
    schedule();
    return () => {
      const at = open.indexOf(layer);
      if (at >= 0) open.splice(at, 1);
      schedule();
    };
  }, [active]);
}

/** Goes to another page. It takes the place of the entries of layers, so that Back does not return to them. */
export function navigate(href: string): void {
  if (removing) waiting.push(() => navigate(href));
  else if (depth() === 0) location.hash = href;
  else {
    history.replaceState(null, '', href);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  }
}

function depth(state: unknown = history.state): number {
  return (state as LayerEntry | null)?.layers ?? 0;
}

/** Compares the entries with the layers after all changes of one moment: a menu may have opened a dialog in its place. */
function schedule(): void {
  clearTimeout(timer);
  timer = setTimeout(settle);
}

function settle(): void {
  if (removing) return;
  for (let layers = depth() + 1; layers <= open.length; layers++) history.pushState({ layers } satisfies LayerEntry, '');
  const surplus = depth() - open.length;
  if (surplus <= 0) return;
  removing = true;
  history.go(-surplus);
}

function onPopState({ state }: PopStateEvent): void {
  if (removing) {
    removing = false;
    const queued = waiting;
    waiting = [];
    for (const go of queued) go();
    schedule();
    return;
  }
  while (open.length > depth(state)) open.pop()?.();
  // The entry of a layer that is closed: skip it.
  if (depth(state) > open.length) schedule();
}

window.addEventListener('popstate', onPopState);
