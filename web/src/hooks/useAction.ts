import { useCallback, useRef, useState } from 'react';
import { ApiError, errorMessage, type InvalidField } from '../transport/errors';
import type { ErrorCode } from '../protocol/types';

export type ActionState = { kind: 'idle' } | { kind: 'busy' } | { kind: 'failed'; reason: string; code?: ErrorCode; fields?: readonly InvalidField[] };

/** Runs one action at a time and returns its state. A call while an action runs is ignored. */
export function useAction(): [ActionState, (work: () => Promise<void>) => Promise<void>] {
  const [action, setAction] = useState<ActionState>({ kind: 'idle' });
  const busy = useRef(false);
  const run = useCallback(async (work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setAction({ kind: 'busy' });
    try {
      await work();
      setAction({ kind: 'idle' });
    } catch (error) {
      setAction(failure(error));
    } finally {
      busy.current = false;
    }
  }, []);
  return [action, run];
}

/** Runs actions in parallel. The state is busy while any of them runs, and then the error of the one that failed last. */
export function useActions(): [ActionState, (work: () => Promise<void>) => Promise<void>] {
  const [running, setRunning] = useState(0);
  const [failed, setFailed] = useState<ActionState>({ kind: 'idle' });
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

function failure(error: unknown): ActionState {
  const refused = error instanceof ApiError ? { code: error.code, fields: error.fields } : {};
  return { kind: 'failed', reason: errorMessage(error), ...refused };
}
