import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

/** The edge of the anchor that the popup is aligned with. */
export type Align = 'start' | 'end';

const MARGIN_PX = 8;
/** Where the popup is a sheet at the bottom, as in the styles. */
const SHEET = '(max-width: 47.5em)';

/**
 * Keeps the popup beside its anchor when the window changes, which the on-screen keyboard
 * resizes at any time, or when its own content is loaded. Scrolling the anchor out of view closes the popup, unless it
 * is a sheet, which covers the page.
 */
export function usePlacement(panel: RefObject<HTMLElement | null>, anchor: HTMLElement, align: Align, onClose: () => void): void {
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useLayoutEffect(() => {
    const replace = () => panel.current !== null && anchor.isConnected && place(panel.current, anchor, align);
    const followScroll = ({ target }: Event) => {
      if (target instanceof Element && target.contains(anchor) && !isInView(anchor, target) && !window.matchMedia(SHEET).matches) close.current();
    };
    replace();
    const grows = new ResizeObserver(replace);
    if (panel.current !== null) grows.observe(panel.current);
    window.addEventListener('resize', replace);
    document.addEventListener('scroll', followScroll, { capture: true, passive: true });
    return () => {
      grows.disconnect();
      window.removeEventListener('resize', replace);
      document.removeEventListener('scroll', followScroll, { capture: true });
    };
  }, [panel, anchor, align]);
}

function isInView(anchor: Element, scroller: Element): boolean {
  const { top, bottom } = anchor.getBoundingClientRect();
  const box = scroller.getBoundingClientRect();
  return bottom > box.top && top < box.bottom;
}

/** Places the popup below its anchor, or above if there is no space, and inside the window. */
function place(box: HTMLElement, anchor: HTMLElement, align: Align): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const fits = at.bottom + height + MARGIN_PX <= window.innerHeight;
  const top = fits ? at.bottom + 4 : at.top - height - 4;
  const left = Math.min(align === 'start' ? at.left : at.right - width, window.innerWidth - width - MARGIN_PX);
  box.style.setProperty('--top', `${Math.max(MARGIN_PX, top)}px`);
  box.style.setProperty('--left', `${Math.max(MARGIN_PX, left)}px`);
}
