import type { Store } from '../state/store';

/** Waits until the value of a store satisfies a condition. The timeout of the test applies. */
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
