import type { OwnStatus } from '../../protocol/types';

/** A message to the user's other tabs. */
export type TabMessage = { kind: 'outbox' } | { kind: 'joined'; roomId: number } | { kind: 'status'; status: OwnStatus };

/** Tabs connects the tabs of one user in this browser. */
export interface Tabs {
  broadcast(message: TabMessage): void;
  onMessage(listener: (message: TabMessage) => void): void;
  /** Runs the work while no other tab holds the lock of that name. */
  withLock(name: string, work: () => Promise<void>): Promise<void>;
  /** Reports whether one of the tabs has the focus. */
  isFocused(): Promise<boolean>;
  close(): void;
}

export class BrowserTabs implements Tabs {
  #name: string;
  #channel: BroadcastChannel;

  constructor(name: string) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    window.addEventListener('focus', this.#trackFocus);
    this.#trackFocus();
  }

  /** A tab holds a lock while it has the focus. The browser releases the lock when the tab is closed or crashes. */
  #trackFocus = (): void => {
    const blurred = () => new Promise<void>((resolve) => window.addEventListener('blur', () => resolve(), { once: true }));
    void lockManager()?.request(this.#focusLock, { mode: 'shared' }, () => (document.hasFocus() ? blurred() : undefined));
  };

  get #focusLock(): string {
    return `${this.#name}:looked-at`;
  }

  broadcast(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  onMessage(listener: (message: TabMessage) => void): void {
    // Only code of the same origin can send messages here.
    this.#channel.onmessage = (message: MessageEvent<TabMessage>) => listener(message.data);
  }

  async withLock(name: string, work: () => Promise<void>): Promise<void> {
    const locks = lockManager();
    // Without locks two tabs may send the same message. The server stores it once, by its cid.
    if (locks === undefined) return work();
    await locks.request(`${this.#name}:${name}`, work);
  }

  async isFocused(): Promise<boolean> {
    if (document.hasFocus()) return true;
    const state = await lockManager()?.query();
    return state?.held?.some(({ name }) => name === this.#focusLock) ?? false;
  }

  close(): void {
    window.removeEventListener('focus', this.#trackFocus);
    this.#channel.close();
  }
}

/** Returns the lock manager. It is missing without TLS, except on localhost. */
function lockManager(): LockManager | undefined {
  return navigator.locks as LockManager | undefined;
}
