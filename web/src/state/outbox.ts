import type { MessageConfirmed, Reply } from '../protocol/types';
import { Refused, wordsOf } from '../transport/errors';
import { newCid } from './cid';
import { Store } from './store';
import type { Tabs } from './tabs';
import type { OutboxEntry, Vault } from './vault';

/** How the outbox reaches the server. */
export interface Carrier {
  readonly connected: boolean;
  send(entry: OutboxEntry): Promise<MessageConfirmed>;
}

export interface OutboxOptions {
  vault: Vault;
  tabs: Tabs;
  carrier: Carrier;
  confirmed(confirmed: MessageConfirmed): void;
}

/** How long to wait after a send that nobody answered, and where the server named no time. */
const PATIENCE_MS = 2_000;

/**
 * Outbox keeps what this user wrote until the server has confirmed it: saved
 * before it is sent, in order and one at a time per room, by whichever tab gets
 * the room's lock. Sending again is harmless: the cid makes it the same message.
 */
export class Outbox {
  readonly entries = new Store<readonly OutboxEntry[]>([]);
  #options: OutboxOptions;
  #flushing = new Map<number, 'once' | 'again'>();
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Reads what an earlier page, or another tab, has left; then sends what can be sent. */
  async refresh(): Promise<void> {
    await this.#load();
    this.flush();
  }

  async add(roomId: number, text: string, replyTo?: Reply): Promise<void> {
    const createdAt = new Date().toISOString();
    const state = { kind: 'pending', notBefore: 0 } as const;
    await this.#options.vault.add({ cid: newCid(), roomId, text, ...(replyTo ? { replyTo } : {}), createdAt, state });
    await this.#changed();
    this.#flushRoom(roomId);
  }

  async retry(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry?.state.kind !== 'failed') return;
    await this.#options.vault.change(entry.order, { kind: 'pending', notBefore: 0 });
    await this.#changed();
    this.#flushRoom(entry.roomId);
  }

  /** Only what has failed can be taken back: a pending message may be on its way. */
  async discard(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry?.state.kind !== 'failed') return;
    await this.#options.vault.remove(entry.order);
    await this.#changed();
  }

  /** Sends what waits. Called when the connection is there. */
  flush(): void {
    const rooms = new Set(this.#pending().map((entry) => entry.roomId));
    for (const roomId of rooms) this.#flushRoom(roomId);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #find(cid: string): OutboxEntry | undefined {
    return this.entries.getSnapshot().find((entry) => entry.cid === cid);
  }

  #pending(): OutboxEntry[] {
    return this.entries.getSnapshot().filter((entry) => entry.state.kind === 'pending');
  }

  async #load(): Promise<void> {
    const entries = await this.#options.vault.entries();
    if (!this.#closed) this.entries.set(entries);
  }

  async #changed(): Promise<void> {
    await this.#load();
    if (!this.#closed) this.#options.tabs.tell({ kind: 'outbox' });
  }

  #flushRoom(roomId: number): void {
    if (this.#closed || !this.#options.carrier.connected) return;
    if (this.#flushing.has(roomId)) {
      this.#flushing.set(roomId, 'again');
      return;
    }
    this.#flushing.set(roomId, 'once');
    void this.#options.tabs
      .alone(`room-${roomId}`, () => this.#sendAll(roomId))
      .catch((error: unknown) => console.warn('outbox', error))
      .then(() => {
        const again = this.#flushing.get(roomId) === 'again';
        this.#flushing.delete(roomId);
        if (again) this.#flushRoom(roomId);
      });
  }

  /** Holds the room's lock. Reads the vault anew: another tab may have sent meanwhile. */
  async #sendAll(roomId: number): Promise<void> {
    while (!this.#closed && this.#options.carrier.connected) {
      await this.#load();
      const next = this.#pending().find((entry) => entry.roomId === roomId);
      if (next?.state.kind !== 'pending') return;
      const wait = next.state.notBefore - Date.now();
      if (wait > 0) {
        // The lock is given back while waiting: a hidden tab sleeps long.
        this.#later(roomId, wait);
        return;
      }
      if (!(await this.#sendOne(next))) return;
    }
  }

  /** Tells whether to go on with the next one. */
  async #sendOne(entry: OutboxEntry): Promise<boolean> {
    const { vault, carrier, confirmed } = this.#options;
    try {
      const answer = await carrier.send(entry);
      confirmed(answer);
      await vault.remove(entry.order);
    } catch (error) {
      if (!(error instanceof Refused)) {
        // Nobody answered: it may have been stored or not. The same cid again will tell.
        this.#later(entry.roomId, PATIENCE_MS);
        return false;
      }
      await vault.change(entry.order, error.passing
        ? { kind: 'pending', notBefore: Date.now() + (error.retryAfterMs ?? PATIENCE_MS) }
        : { kind: 'failed', reason: wordsOf(error) });
    }
    await this.#changed();
    return true;
  }

  #later(roomId: number, ms: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.set(roomId, setTimeout(() => this.#flushRoom(roomId), ms));
  }
}
