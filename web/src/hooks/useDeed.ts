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
      setDeed(failure(error));
    } finally {
      busy.current = false;
    }
  }, []);
  return [deed, run];
}

/** Runs deeds side by side and tells how the last one failed. */
export function useDeeds(): [Deed, (work: () => Promise<void>) => Promise<void>] {
  const [running, setRunning] = useState(0);
  const [failed, setFailed] = useState<Deed>({ kind: 'idle' });
  const run = useCallback(async (work: () => Promise<void>) => {
    setRunning((count) => count + 1);
    setFailed({ kind: 'idle' });
    try {
      await work();
    } catch (error) {
      setFailed(failure(error));
    } finally {
      setRunning((count) => count - 1);
    }
  }, []);
  return [running > 0 ? { kind: 'busy' } : failed, run];
}

function failure(error: unknown): Deed {
  const refused = error instanceof Refused ? error : undefined;
  return {
    kind: 'failed',
    reason: wordsOf(error),
    ...(refused ? { code: refused.code } : {}),
    ...(refused?.field ? { field: refused.field } : {}),
  };
}
