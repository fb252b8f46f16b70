import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

interface Keyed {
  key: string;
}

/** The part of a list that is in the document: size items, with hiddenAfter more behind them. */
interface Range {
  size: number;
  hiddenAfter: number;
}

/** What must not move on the screen when lines come and go. */
type Anchor = { kind: 'bottom' } | { kind: 'item'; key: string; top: number };

export interface AnchoredWindow<T> {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLOListElement | null>;
  shown: readonly T[];
  /** The oldest known item is in the document. */
  fromStart: boolean;
  atBottom: boolean;
  onScroll: () => void;
  toBottom: () => void;
}

const FIRST = 100;
const MOST = 240;
const STEP = 60;
/** So near to an edge of what is in the document, more is put there. */
const EDGE_PX = 700;
const BOTTOM_PX = 48;

/**
 * Keeps a bounded run of a long list in the document and the eye where it was:
 * at the bottom while it is there, else on the line that stood at the top. Rows
 * are direct children of content; those that keep their place among the others
 * carry data-key.
 */
export function useAnchoredWindow<T extends Keyed>(
  items: readonly T[],
  startAt: string | undefined,
  onNearStart: () => void,
): AnchoredWindow<T> {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const [range, setRange] = useState<Range>(() => firstRange(items, startAt));
  const [atBottom, setAtBottom] = useState(true);
  const anchor = useRef<Anchor>(startAt === undefined ? { kind: 'bottom' } : { kind: 'item', key: startAt, top: 96 });

  const end = Math.max(0, items.length - range.hiddenAfter);
  const start = Math.max(0, end - range.size);
  const shown = items.slice(start, end);

  const restore = useCallback(() => {
    const box = scroller.current;
    const list = content.current;
    if (box === null || list === null) return;
    const present = anchor.current;
    if (present.kind === 'bottom') {
      box.scrollTop = box.scrollHeight;
      return;
    }
    const row = rowOf(list, present.key);
    if (row !== undefined) box.scrollTop += topOf(row, box) - present.top;
  }, []);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    const list = content.current;
    if (box === null || list === null) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const bottom = range.hiddenAfter === 0 && below <= BOTTOM_PX;
    anchor.current = bottom ? { kind: 'bottom' } : topmost(list, box);
    setAtBottom(bottom);
    if (box.scrollTop < EDGE_PX) {
      if (start > 0) setRange(widenUp);
      else onNearStart();
    } else if (below < EDGE_PX && range.hiddenAfter > 0) {
      setRange(slideDown);
    }
  }, [range.hiddenAfter, start, onNearStart]);

  const toBottom = useCallback(() => {
    anchor.current = { kind: 'bottom' };
    setRange({ size: FIRST, hiddenAfter: 0 });
    setAtBottom(true);
    restore();
  }, [restore]);

  // After every change of lines, and again whenever something grows: a late
  // image, another font, the window.
  useLayoutEffect(restore);
  useEffect(() => {
    if (scroller.current === null || content.current === null) return undefined;
    const watcher = new ResizeObserver(restore);
    watcher.observe(scroller.current);
    watcher.observe(content.current);
    return () => watcher.disconnect();
  }, [restore]);

  // A short page leaves nothing to scroll: fill it without being asked.
  useEffect(() => {
    const box = scroller.current;
    if (box !== null && start === 0 && box.scrollHeight <= box.clientHeight + BOTTOM_PX) onNearStart();
  }, [items, start, onNearStart]);

  return { scroller, content, shown, fromStart: start === 0, atBottom, onScroll, toBottom };
}

function firstRange(items: readonly Keyed[], startAt: string | undefined): Range {
  const at = startAt === undefined ? -1 : items.findIndex((item) => item.key === startAt);
  if (at < 0 || items.length - at < FIRST) return { size: FIRST, hiddenAfter: 0 };
  return { size: FIRST, hiddenAfter: items.length - at - STEP };
}

function widenUp({ size, hiddenAfter }: Range): Range {
  const wider = size + STEP;
  return wider <= MOST ? { size: wider, hiddenAfter } : { size: MOST, hiddenAfter: hiddenAfter + wider - MOST };
}

function slideDown({ size, hiddenAfter }: Range): Range {
  return { size: Math.min(MOST, size + STEP), hiddenAfter: Math.max(0, hiddenAfter - STEP) };
}

function rowOf(list: HTMLElement, key: string): HTMLElement | undefined {
  for (const row of list.children) if (row instanceof HTMLElement && row.dataset.key === key) return row;
  return undefined;
}

function topOf(row: HTMLElement, box: HTMLElement): number {
  return row.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

function topmost(list: HTMLElement, box: HTMLElement): Anchor {
  const edge = box.getBoundingClientRect().top;
  for (const row of list.children) {
    const { bottom, top } = row.getBoundingClientRect();
    if (row instanceof HTMLElement && row.dataset.key !== undefined && bottom > edge) {
      return { kind: 'item', key: row.dataset.key, top: top - edge };
    }
  }
  return { kind: 'bottom' };
}
