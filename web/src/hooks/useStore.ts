import { useCallback, useSyncExternalStore } from 'react';
import type { Store } from '../state/store';
import { subscribePerFrame } from './frames';

/** Returns the value of a store. Changes are rendered in the next frame. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(useFrames(store), store.getSnapshot);
}

/** Selects a part of a store; the selection must be a primitive or a part of the value itself. */
export function useSelect<T, S>(store: Store<T>, select: (value: T) => S): S {
  return useSyncExternalStore(useFrames(store), () => select(store.getSnapshot()));
}

/** Returns the value of a text field. React resets a field if its text does not change within the event. */
export function useText<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}

/** Selects a part of the value of a text field. */
export function useTextPart<T, S>(store: Store<T>, select: (value: T) => S): S {
  return useSyncExternalStore(store.subscribe, () => select(store.getSnapshot()));
}

function useFrames<T>(store: Store<T>): (changed: () => void) => () => void {
  return useCallback((changed: () => void) => subscribePerFrame(store.subscribe, changed), [store]);
}
