import type { Store } from '../state/store';

/** Waits until a store's value is as wanted. The test's own timeout is the limit. */
export function until<T>(store: Store<T>, wanted: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const look = () => {
      const value = store.getSnapshot();
      if (!wanted(value)) return;
      stop();
      resolve(value);
    };
    const stop = store.subscribe(look);
    queueMicrotask(look);
  });
}
