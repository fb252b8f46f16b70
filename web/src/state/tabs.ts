import type { OwnStatus } from '../protocol/types';

/** What the tabs of one user tell each other. */
export type TabNews = { kind: 'outbox' } | { kind: 'joined'; roomId: number } | { kind: 'status'; status: OwnStatus };

/** Tabs joins the tabs of one user in this browser. */
export interface Tabs {
  tell(news: TabNews): void;
  listen(listener: (news: TabNews) => void): void;
  /** Runs the work while no other tab holds the same name. */
  alone(name: string, work: () => Promise<void>): Promise<void>;
  close(): void;
}

export class BrowserTabs implements Tabs {
  #name: string;
  #channel: BroadcastChannel;

  constructor(name: string) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
  }

  tell(news: TabNews): void {
    this.#channel.postMessage(news);
  }

  listen(listener: (news: TabNews) => void): void {
    // Only our own code of the same origin can post here.
    this.#channel.onmessage = (message: MessageEvent<TabNews>) => listener(message.data);
  }

  async alone(name: string, work: () => Promise<void>): Promise<void> {
    // Without TLS there are no locks, save on localhost. Two tabs may then send the
    // same message, which the server takes once by its cid.
    const locks = navigator.locks as LockManager | undefined;
    if (locks === undefined) return work();
    await locks.request(`${this.#name}:${name}`, work);
  }

  close(): void {
    this.#channel.close();
  }
}
