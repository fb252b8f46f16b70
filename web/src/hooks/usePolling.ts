import { useEffect } from 'react';

/** Does work again and again while somebody may see what comes of it. */
export function usePolling(ms: number, work: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') work();
    }, ms);
    return () => clearInterval(timer);
  }, [ms, work]);
}
