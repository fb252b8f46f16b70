import type { OwnStatus } from '../../protocol/types';

/** What the tabs of one user tell each other. */
export type TabNews = { kind: 'outbox' } | { kind: 'joined'; roomId: number } | { kind: 'status'; status: OwnStatus };

/** Tabs joins the tabs of one user in this browser. */
export interface Tabs {
  tell(news: TabNews): void;
  listen(listener: (news: TabNews) => void): void;
  /** Runs the work while no other tab holds the same name. */
  alone(name: string, work: () => Promise<void>): Promise<void>;
  /** Whether the user looks at one of these tabs. */
  lookedAt(): Promise<boolean>;
  close(): void;
}

export class BrowserTabs implements Tabs {
  #name: string;
  #channel: BroadcastChannel;

  constructor(name: string) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    window.addEventListener('focus', this.#look);
    this.#look();
  }

  /** A tab that has the focus holds a lock: it goes with the tab, however that ends. */
  #look = (): void => {
    const blurred = () => new Promise<void>((resolve) => window.addEventListener('blur', () => resolve(), { once: true }));
    void locksOf()?.request(this.#looked, { mode: 'shared' }, () => (document.hasFocus() ? blurred() : undefined));
  };

  get #looked(): string {
    return `${this.#name}:looked-at`;
  }

  tell(news: TabNews): void {
    this.#channel.postMessage(news);
  }

  listen(listener: (news: TabNews) => void): void {
    // Only our own code of the same origin can post here.
    this.#channel.onmessage = (message: MessageEvent<TabNews>) => listener(message.data);
  }

  async alone(name: string, work: () => Promise<void>): Promise<void> {
    const locks = locksOf();
    // Two tabs may then send the same message, which the server takes once by its cid.
    if (locks === undefined) return work();
    await locks.request(`${this.#name}:${name}`, work);
  }

  async lookedAt(): Promise<boolean> {
    if (document.hasFocus()) return true;
    const state = await locksOf()?.query();
    return state?.held?.some(({ name }) => name === this.#looked) ?? false;
  }

  close(): void {
    window.removeEventListener('focus', this.#look);
    this.#channel.close();
  }
}

/** Without TLS there are none, save on localhost. */
function locksOf(): LockManager | undefined {
  return navigator.locks as LockManager | undefined;
}
