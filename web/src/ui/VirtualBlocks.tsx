import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';

const BLOCK = 40;
const MARGIN = '800px';

interface VirtualBlocksProps<T> {
  items: readonly T[];
  /** The height of an item before it was rendered, in pixels. */
  estimate: number;
  render: (item: T, index: number) => ReactNode;
}

/** Renders the items of a long list in blocks. Blocks far outside the window are replaced by their height, except the one with the focus. */
export function VirtualBlocks<T>({ items, estimate, render }: VirtualBlocksProps<T>) {
  return Array.from({ length: Math.ceil(items.length / BLOCK) }, (_, block) => {
    const from = block * BLOCK;
    const part = items.slice(from, from + BLOCK);
    return <Block key={block} first={block === 0} estimate={part.length * estimate} render={() => part.map((item, i) => render(item, from + i))} />;
  });
}

/** Calls onChange when the element comes near the window or leaves it. */
export function useNearWindow(element: RefObject<HTMLElement | null>, onChange: (near: boolean) => void): void {
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (element.current === null || typeof IntersectionObserver === 'undefined') return undefined;
    const observer = new IntersectionObserver((entries) => latest.current(entries.at(-1)?.isIntersecting ?? false), { rootMargin: MARGIN });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
}

function Block({ first, estimate, render }: { first: boolean; estimate: number; render: () => ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState<number | undefined>(first || typeof IntersectionObserver === 'undefined' ? undefined : estimate);
  useNearWindow(box, (near) => {
    if (near) setHeight(undefined);
    else if (box.current !== null && !box.current.contains(document.activeElement)) setHeight(box.current.offsetHeight);
  });
  return (
    <div ref={box} role="presentation" style={height === undefined ? undefined : { height }}>
      {height === undefined && render()}
    </div>
  );
}
