import { useEffect } from 'react';

/**
 * Fits the page into what the on-screen keyboard leaves visible. Most browsers shrink
 * the page (interactive-widget=resizes-content in index.html). On iOS the keyboard
 * covers it, and the browser scrolls the page up: the head of the room would disappear.
 */
export function useVisibleViewport(): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    if (viewport === null) return undefined;
    const { style } = document.documentElement;
    const fit = () => {
      const hidden = window.innerHeight - viewport.height;
      // A zoomed page is larger than the viewport on purpose.
      if (hidden < 1 || viewport.scale > 1.01) {
        for (const name of ['--page-height', '--page-top', '--covered']) style.removeProperty(name);
        return;
      }
      style.setProperty('--page-height', `${viewport.height}px`);
      style.setProperty('--page-top', `${viewport.offsetTop}px`);
      style.setProperty('--covered', `${Math.max(0, hidden - viewport.offsetTop)}px`);
    };
    fit();
    viewport.addEventListener('resize', fit);
    viewport.addEventListener('scroll', fit);
    return () => {
      viewport.removeEventListener('resize', fit);
      viewport.removeEventListener('scroll', fit);
    };
  }, []);
}
