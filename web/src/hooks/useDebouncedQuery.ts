import { useEffect, useState } from 'react';
import type { PagedResource } from '../state/pagedResource';
import { useOnline } from './useChatState';

const SETTLE_MS = 250;

/** A text by which a long list is looked through: the list is asked when it has settled, and when the connection is back. */
export function useDebouncedQuery<T>(pages: PagedResource<T, string>): [string, (text: string) => void] {
  const online = useOnline();
  const [text, setText] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => void pages.query(text), text === '' ? 0 : SETTLE_MS);
    return () => clearTimeout(timer);
  }, [pages, text, online]);
  return [text, setText];
}
