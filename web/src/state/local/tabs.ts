import type { OwnStatus } from '../../protocol/types';

/** What the tabs of one user tell each other. */
export type TabMessage = { kind: 'outbox' } | { kind: 'joined'; roomId: number } | { kind: 'status'; status: OwnStatus };

/** Tabs joins the tabs of one user in this browser. */
export interface Tabs {
  broadcast(news: TabMessage): void;
  onMessage(listener: (news: TabMessage) => void): void;
  /** Runs the work while no other tab holds the same name. */
  withLock(name: string, work: () => Promise<void>): Promise<void>;
  /** Whether the user looks at one of these tabs. */
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

  /** A tab that has the focus holds a lock: it goes with the tab, however that ends. */
  #trackFocus = (): void => {
    const blurred = () => new Promise<void>((resolve) => window.addEventListener('blur', () => resolve(), { once: true }));
    void lockManager()?.request(this.#focusLock, { mode: 'shared' }, () => (document.hasFocus() ? blurred() : undefined));
  };

  get #focusLock(): string {
    return `${this.#name}:looked-at`;
  }

  broadcast(news: TabMessage): void {
    this.#channel.postMessage(news);
  }

  onMessage(listener: (news: TabMessage) => void): void {
    // Only our own code of the same origin can post here.
    this.#channel.onmessage = (message: MessageEvent<TabMessage>) => listener(message.data);
  }

  async withLock(name: string, work: () => Promise<void>): Promise<void> {
    const locks = lockManager();
    // Two tabs may then send the same message, which the server takes once by its cid.
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

/** Without TLS there are none, save on localhost. */
function lockManager(): LockManager | undefined {
  return navigator.locks as LockManager | undefined;
}
