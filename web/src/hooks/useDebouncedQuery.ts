import { useCallback, useEffect, useState } from 'react';
import type { PagedResource } from '../state/pagedResource';
import { useOnline } from './useChatState';

const DEBOUNCE_MS = 250;

/**
 * Runs a query when its key has not changed for delayMs, and again after a reconnect.
 * It reports whether the query of this key has still to start: until then, results of another key are shown.
 */
export function useDebounced(key: string, delayMs: number, query: () => Promise<void>): boolean {
  const online = useOnline();
  const [started, setStarted] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => {
      void query();
      setStarted(key);
    }, delayMs);
    return () => clearTimeout(timer);
  }, [key, delayMs, query, online]);
  return started !== key;
}

interface DebouncedQuery {
  text: string;
  setText: (text: string) => void;
  /** The query has not started: the list still shows the results of another text. */
  pending: boolean;
}

/** The search text of a paged list. */
export function useDebouncedQuery<T>(list: PagedResource<T, string>): DebouncedQuery {
  const [text, setText] = useState('');
  const query = useCallback(() => list.query(text), [list, text]);
  const pending = useDebounced(text, text === '' ? 0 : DEBOUNCE_MS, query);
  return { text, setText, pending };
}
