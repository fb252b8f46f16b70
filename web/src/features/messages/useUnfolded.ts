import { useCallback, useState } from 'react';
import type { SeqRange } from '../../state/room/items';

/** The messages of blocked people that the user wants to see: what the address refers to, and what was unfolded. */
export function useUnfolded(target: number | undefined): [readonly SeqRange[], (range: SeqRange) => void] {
  const [unfolded, setUnfolded] = useState<readonly SeqRange[]>(target === undefined ? [] : [{ from: target, to: target }]);
  const unfold = useCallback((range: SeqRange) => setUnfolded((ranges) => [...ranges, range]), []);
  return [unfolded, unfold];
}
