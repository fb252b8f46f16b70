/** Store contains one immutable value and notifies its subscribers of changes. */
export class Store<T> {
  #value: T;
  #subscribers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (subscriber: () => void): (() => void) => {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const subscriber of [...this.#subscribers]) subscriber();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}
