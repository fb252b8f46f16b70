/** A page that draws no frames, because it is hidden or covered, renders after this time. */
const WITHOUT_FRAME_MS = 250;
const MAX_REST_MS = 200;

/**
 * FrameQueue renders changes at most once per frame. After a frame it waits as long as
 * that frame took: however many events arrive, at most half of the time is spent on
 * rendering them, and the rest is left for what the user types.
 */
export class FrameQueue {
  #changed = new Set<() => void>();
  #requested = false;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restUntil = 0;

  /** Calls `render` in the next frame, once. */
  add(render: () => void): void {
    this.#changed.add(render);
    if (this.#requested) return;
    this.#requested = true;
    const rest = this.#restUntil - performance.now();
    if (rest > 0) this.#timer = setTimeout(() => this.#awaitFrame(), rest);
    else this.#awaitFrame();
  }

  remove(render: () => void): void {
    this.#changed.delete(render);
  }

  #awaitFrame(): void {
    this.#frame = requestAnimationFrame(() => this.#flush());
    this.#timer = setTimeout(() => this.#flush(), WITHOUT_FRAME_MS);
  }

  #flush(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#requested = false;
    const began = performance.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const render of changed) render();
    // React renders after this function. The next task runs after the frame is painted.
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      const now = performance.now();
      this.#restUntil = now + Math.min(MAX_REST_MS, now - began);
      painted.port1.close();
    };
    painted.port2.postMessage(undefined);
  }
}

const frames = new FrameQueue();

/** Subscribes to a store and calls `changed` at most once per frame. It returns a function that unsubscribes. */
export function subscribePerFrame(subscribe: (changed: () => void) => () => void, changed: () => void): () => void {
  // An object of its own: React may subscribe the same function twice.
  const render = () => changed();
  const unsubscribe = subscribe(() => frames.add(render));
  return () => {
    unsubscribe();
    frames.remove(render);
  };
}
