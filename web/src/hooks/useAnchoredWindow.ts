import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

interface Keyed {
  key: string;
}

/** The rendered part of a list: size items, followed by hiddenAfter items that are not rendered. */
interface Range {
  size: number;
  hiddenAfter: number;
}

/**
 * The point that stays in place on the screen when rows are added or removed: the end
 * of the list while it is visible, else the lower edge of the topmost row. (The upper
 * part of a row disappears when it is grouped with a message of the same author.)
 */
interface Anchor {
  atEnd: boolean;
  key: string | undefined;
  /** The distance from the top of the box when the list was at scrollTop; undefined until the list opens at the key. */
  edge: number | undefined;
  scrollTop: number;
}

export interface AnchoredWindow<T> {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLOListElement | null>;
  shown: readonly T[];
  /** The oldest known item is rendered. */
  fromStart: boolean;
  atBottom: boolean;
  onScroll: () => void;
  toBottom: () => void;
  /** Scrolls to a row, as if the list opened there. */
  openAt: (key: string) => void;
  /** Keeps a row in place while the number of items after it changes by `added`. Call it together with that change. */
  keepAt: (key: string, added: number) => void;
}

const INITIAL_SIZE = 100;
const MAX_SIZE = 240;
const STEP = 60;
/** More items are rendered if the viewport is closer than this to an edge. */
const EDGE_PX = 700;
const BOTTOM_PX = 48;
/** The lower edge of the row that the list opens at, and the minimum of what is visible above it. */
const OPENING_PX = 150;
const BEFORE_PX = 72;

/**
 * Renders a bounded range of a long list and keeps the scroll position: at the bottom
 * while the list is at the bottom, else at the topmost visible row. Rows are direct
 * children of content; those that keep their position among the others have a
 * data-key.
 */
export function useAnchoredWindow<T extends Keyed>(
  items: readonly T[],
  startAt: string | undefined,
  onNearStart: () => void,
  onNearEnd: () => void,
): AnchoredWindow<T> {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const [range, setRange] = useState<Range>(() => firstRange(items, startAt));
  const [atBottom, setAtBottom] = useState(true);
  const anchor = useRef<Anchor>({ atEnd: startAt === undefined, key: startAt, edge: undefined, scrollTop: 0 });

  // Many items that are added at once below the visible ones are not rendered yet.
  const [lastKey, setLastKey] = useState(items.at(-1)?.key);
  if (items.at(-1)?.key !== lastKey) {
    setLastKey(items.at(-1)?.key);
    const added = lastKey === undefined ? 0 : items.length - 1 - items.findLastIndex((item) => item.key === lastKey);
    if (!atBottom && added > STEP && added < items.length) setRange({ ...range, hiddenAfter: range.hiddenAfter + added });
  }

  const end = Math.max(0, items.length - range.hiddenAfter);
  const start = Math.max(0, end - range.size);
  const shown = items.slice(start, end);

  const restore = useCallback(() => {
    const box = scroller.current;
    const list = content.current;
    if (box === null || list === null) return;
    const { atEnd, key, scrollTop } = anchor.current;
    // Keep what the user has scrolled since, although the scroll event is still to come.
    // Ignore what the browser has scrolled because the list became shorter.
    const scrolled = box.scrollTop - Math.min(scrollTop, box.scrollHeight - box.clientHeight);
    const stays = Math.abs(scrolled) <= 1;
    const row = key === undefined || (atEnd && stays) ? undefined : rowOf(list, key);
    const edge = anchor.current.edge ?? Math.max(OPENING_PX, (row?.offsetHeight ?? 0) + BEFORE_PX);
    if (atEnd && stays) box.scrollTop = box.scrollHeight;
    else if (row !== undefined) box.scrollTop += edgeOf(row, box) - (edge - scrolled);
    anchor.current = { atEnd: atEnd && stays, key, edge: edge - scrolled, scrollTop: box.scrollTop };
  }, []);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    const list = content.current;
    if (box === null || list === null) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const bottom = range.hiddenAfter === 0 && below <= BOTTOM_PX;
    anchor.current = { atEnd: bottom, scrollTop: box.scrollTop, ...topmost(list, box) };
    setAtBottom(bottom);
    if (box.scrollTop < EDGE_PX) {
      if (start > 0) setRange(widenUp);
      else onNearStart();
    } else if (below < EDGE_PX && range.hiddenAfter > 0) {
      setRange(slideDown);
    } else if (below < EDGE_PX) {
      onNearEnd();
    }
  }, [range.hiddenAfter, start, onNearStart, onNearEnd]);

  const toBottom = useCallback(() => {
    anchor.current = { atEnd: true, key: undefined, edge: 0, scrollTop: scroller.current?.scrollTop ?? 0 };
    setRange({ size: INITIAL_SIZE, hiddenAfter: 0 });
    setAtBottom(true);
    restore();
  }, [restore]);

  const openAt = useCallback((key: string) => {
    anchor.current = { atEnd: false, key, edge: undefined, scrollTop: scroller.current?.scrollTop ?? 0 };
    setRange(firstRange(items, key));
    restore();
  }, [items, restore]);

  const keepAt = useCallback((key: string, added: number) => {
    const box = scroller.current;
    const row = content.current === null ? undefined : rowOf(content.current, key);
    if (box === null || row === undefined) return;
    anchor.current = { atEnd: false, key, edge: edgeOf(row, box), scrollTop: box.scrollTop };
    const length = items.length + added;
    const last = Math.min(length, start + Math.max(range.size, INITIAL_SIZE));
    setRange({ size: last - start, hiddenAfter: length - last });
    setLastKey(undefined);
    setAtBottom(false);
  }, [items.length, range.size, start]);

  // After every change of the rows, and whenever something grows: a late image,
  // another font, the window.
  useLayoutEffect(restore);
  useEffect(() => {
    if (scroller.current === null || content.current === null) return undefined;
    const watcher = new ResizeObserver(restore);
    watcher.observe(scroller.current);
    watcher.observe(content.current);
    return () => watcher.disconnect();
  }, [restore]);

  // After a change the viewport may be near an edge without a scroll event.
  useEffect(onScroll, [onScroll, items]);

  return { scroller, content, shown, fromStart: start === 0, atBottom, onScroll, toBottom, openAt, keepAt };
}

function firstRange(items: readonly Keyed[], startAt: string | undefined): Range {
  const at = startAt === undefined ? -1 : items.findIndex((item) => item.key === startAt);
  if (at < 0 || items.length - at < INITIAL_SIZE) return { size: INITIAL_SIZE, hiddenAfter: 0 };
  return { size: INITIAL_SIZE, hiddenAfter: items.length - at - STEP };
}

function widenUp({ size, hiddenAfter }: Range): Range {
  const wider = size + STEP;
  return wider <= MAX_SIZE ? { size: wider, hiddenAfter } : { size: MAX_SIZE, hiddenAfter: hiddenAfter + wider - MAX_SIZE };
}

function slideDown({ size, hiddenAfter }: Range): Range {
  return { size: Math.min(MAX_SIZE, size + STEP), hiddenAfter: Math.max(0, hiddenAfter - STEP) };
}

function rowOf(list: HTMLElement, key: string): HTMLElement | undefined {
  for (const row of list.children) if (row instanceof HTMLElement && row.dataset.key === key) return row;
  return undefined;
}

function edgeOf(row: Element, box: HTMLElement): number {
  return row.getBoundingClientRect().bottom - box.getBoundingClientRect().top;
}

function topmost(list: HTMLElement, box: HTMLElement): Pick<Anchor, 'key' | 'edge'> {
  const rows = list.children;
  // The first row that ends below the top of the box. Rows are sorted: measure few of them.
  let from = 0;
  for (let to = rows.length; from < to; ) {
    const middle = (from + to) >> 1;
    const row = rows[middle];
    if (row !== undefined && edgeOf(row, box) > 0) to = middle;
    else from = middle + 1;
  }
  for (let i = from; i < rows.length; i++) {
    const row = rows[i];
    if (row instanceof HTMLElement && row.dataset.key !== undefined) return { key: row.dataset.key, edge: edgeOf(row, box) };
  }
  return { key: undefined, edge: 0 };
}
