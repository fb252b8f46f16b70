import { type PointerEvent, useRef } from 'react';

const LONG_MS = 500;

/** The handlers of a button that does something else if a finger stays on it. The click that follows a long press is suppressed. */
export function useLongPress(onLongPress: (target: HTMLElement) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const done = useRef(false);
  const stop = () => clearTimeout(timer.current);
  return {
    onPointerDown: ({ pointerType, currentTarget }: PointerEvent<HTMLElement>) => {
      done.current = false;
      stop();
      if (pointerType === 'mouse') return;
      timer.current = setTimeout(() => {
        done.current = true;
        onLongPress(currentTarget);
      }, LONG_MS);
    },
    onPointerUp: stop,
    onPointerLeave: stop,
    onPointerCancel: stop,
    onContextMenu: (event: React.MouseEvent) => {
      if (done.current || timer.current !== undefined) event.preventDefault();
    },
    onClickCapture: (event: React.MouseEvent) => {
      if (!done.current) return;
      done.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
  };
}
