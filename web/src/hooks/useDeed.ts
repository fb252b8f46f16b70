import { useCallback, useRef, useState } from 'react';
import { Refused, wordsOf } from '../transport/errors';
import type { ErrorCode } from '../protocol/types';

export type Deed = { kind: 'idle' } | { kind: 'busy' } | { kind: 'failed'; reason: string; code?: ErrorCode; field?: string };

/** Runs one deed at a time and tells how it went; what went well is for the caller. */
export function useDeed(): [Deed, (work: () => Promise<void>) => Promise<void>] {
  const [deed, setDeed] = useState<Deed>({ kind: 'idle' });
  const busy = useRef(false);
  const run = useCallback(async (work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setDeed({ kind: 'busy' });
    try {
      await work();
      setDeed({ kind: 'idle' });
    } catch (error) {
      const refused = error instanceof Refused ? error : undefined;
      setDeed({
        kind: 'failed',
        reason: wordsOf(error),
        ...(refused ? { code: refused.code } : {}),
        ...(refused?.field ? { field: refused.field } : {}),
      });
    } finally {
      busy.current = false;
    }
  }, []);
  return [deed, run];
}
