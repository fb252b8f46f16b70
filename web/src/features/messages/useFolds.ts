import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { Fold } from '../../state/room/folds';
import type { Item } from '../../state/room/items';
import type { RoomSession } from '../../state/room/session';

interface OpenFolds {
  /** The number of a message of each open run. */
  openFolds: ReadonlySet<number>;
  toggleFold: (fold: Fold) => void;
}

/** Which runs of messages the user has opened. The run of the target is open from the start. */
export function useOpenFolds(target: number | undefined): OpenFolds {
  const [openFolds, setOpenFolds] = useState<ReadonlySet<number>>(() => new Set(target === undefined ? [] : [target]));
  const toggleFold = useCallback(({ messages, open }: Fold) => {
    setOpenFolds((before) => {
      const after = new Set(before);
      if (open) for (const { seq } of messages) after.delete(seq);
      else if (messages[0]) after.add(messages[0].seq);
      return after;
    });
  }, []);
  return { openFolds, toggleFold };
}

/** Returns a function that opens or closes a run and keeps its line in place. It never changes: rows that do not render again have it. */
export function useFoldHandler(keepAt: (key: string, added: number) => void, toggleFold: (fold: Fold) => void): (fold: Fold) => void {
  const handle = useRef(toggleFold);
  useLayoutEffect(() => {
    handle.current = (fold) => {
      keepAt(fold.key, fold.open ? -fold.messages.length : fold.messages.length);
      toggleFold(fold);
    };
  });
  return useCallback((fold) => handle.current(fold), []);
}

/** So many messages in one row are loaded without a request by the user. */
const MAX_FOLDED = 500;

/**
 * Reports whether the list starts with so long a folded run that earlier messages must
 * not be loaded to fill the screen: a row does not grow with its run. loadOlder does it
 * at the request of the user.
 */
export function useLongFold(items: readonly Item[], session: RoomSession): { tooLong: boolean; loadOlder: () => void } {
  const [max, setMax] = useState(MAX_FOLDED);
  const first = items.find(({ kind }) => kind !== 'day');
  const length = first?.kind === 'fold' && !first.open ? first.messages.length : 0;
  const loadOlder = () => {
    setMax(length + MAX_FOLDED);
    void session.loadOlder();
  };
  return { tooLong: length >= max, loadOlder };
}
