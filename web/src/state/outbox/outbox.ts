import type { MessageConfirmed, Reply } from '../../protocol/types';
import { Refused, wordsOf } from '../../transport/errors';
import { newCid } from './cid';
import type { OutgoingFile } from './files';
import { Store } from '../store';
import type { Tabs } from '../local/tabs';
import type { OutboxEntry, Vault } from '../local/database';

/** How the outbox reaches the server. */
export interface Carrier {
  readonly connected: boolean;
  /** Brings a file to the server and returns its name there. */
  upload(file: OutgoingFile, onProgress: (part: number) => void, signal: AbortSignal): Promise<number>;
  send(entry: OutboxEntry): Promise<MessageConfirmed>;
}

export interface OutboxOptions {
  vault: Vault;
  tabs: Tabs;
  carrier: Carrier;
  confirmed(confirmed: MessageConfirmed): void;
}

/** What is written, before it has a name. */
export interface Written {
  text: string;
  replyTo?: Reply | undefined;
  files?: readonly OutgoingFile[] | undefined;
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
  /** How much of each message's files has gone from this tab, from 0 to 1. */
  readonly progress = new Store<ReadonlyMap<string, number>>(new Map());
  #uploads = new Map<string, AbortController>();
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

  async add(roomId: number, { text, replyTo, files = [] }: Written): Promise<void> {
    const createdAt = new Date().toISOString();
    const state = { kind: 'pending', notBefore: 0 } as const;
    const more = { ...(replyTo ? { replyTo } : {}), ...(files.length > 0 ? { files } : {}) };
    await this.#options.vault.add({ cid: newCid(), roomId, text, ...more, createdAt, state });
    await this.#changed();
    this.#flushRoom(roomId);
  }

  async retry(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry?.state.kind !== 'failed') return;
    await this.#options.vault.change(entry.order, { state: { kind: 'pending', notBefore: 0 } });
    await this.#changed();
    this.#flushRoom(entry.roomId);
  }

  /** Only what has failed, or still uploads, can be taken back: a pending message may be on its way. */
  async discard(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry === undefined || (entry.state.kind !== 'failed' && !uploads(entry))) return;
    this.#uploads.get(cid)?.abort();
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
    for (const upload of this.#uploads.values()) upload.abort();
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
      const whole = await this.#uploaded(entry);
      if (whole === undefined) return true; // taken back
      const answer = await carrier.send(whole);
      confirmed(answer);
      await vault.remove(entry.order);
    } catch (error) {
      if (!(error instanceof Refused)) {
        // Nobody answered: it may have been stored or not. The same cid again will tell.
        this.#later(entry.roomId, PATIENCE_MS);
        return false;
      }
      await vault.change(entry.order, error.passing
        ? { state: { kind: 'pending', notBefore: Date.now() + (error.retryAfterMs ?? PATIENCE_MS) } }
        : { state: { kind: 'failed', reason: wordsOf(error) }, ...(error.code === 'NOT_FOUND' ? withoutUploads(entry) : {}) });
    }
    await this.#changed();
    return true;
  }

  /** Uploads what is not there yet, one after the other. Each is kept as soon as it is: another page goes on from there. */
  async #uploaded(entry: OutboxEntry): Promise<OutboxEntry | undefined> {
    if (!uploads(entry)) return entry;
    const abort = new AbortController();
    this.#uploads.set(entry.cid, abort);
    let now: OutboxEntry | undefined = entry;
    try {
      for (const [at, file] of (entry.files ?? []).entries()) {
        if (file.attachment !== undefined) continue;
        const attachment: number = await this.#options.carrier.upload(file, (part) => this.#progresses(entry, at, part), abort.signal);
        const files: OutgoingFile[] = (now.files ?? []).map((one, i) => (i === at ? { ...one, attachment } : one));
        now = await this.#options.vault.change(entry.order, { files });
        if (now === undefined) return undefined;
      }
      await this.#load();
      return now;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#uploads.delete(entry.cid);
      this.#progressIs(entry.cid, undefined);
    }
  }

  #progresses({ cid, files = [] }: OutboxEntry, at: number, part: number): void {
    const whole = files.reduce((sum, { size }) => sum + size, 0);
    const before = files.slice(0, at).reduce((sum, { size }) => sum + size, 0);
    this.#progressIs(cid, (before + (files[at]?.size ?? 0) * part) / Math.max(1, whole));
  }

  #progressIs(cid: string, part: number | undefined): void {
    this.progress.update((all) => {
      const next = new Map(all);
      if (part === undefined) next.delete(cid);
      else next.set(cid, part);
      return next;
    });
  }

  #later(roomId: number, ms: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.set(roomId, setTimeout(() => this.#flushRoom(roomId), ms));
  }
}

/** The message itself has not been sent: first come its files. */
export function uploads({ files = [] }: Pick<OutboxEntry, 'files'>): boolean {
  return files.some(({ attachment }) => attachment === undefined);
}

/** Uploads wait a day for their message; this one came later. */
function withoutUploads({ files }: OutboxEntry): Pick<OutboxEntry, 'files'> {
  return files === undefined ? {} : { files: files.map((file) => ({ ...file, attachment: undefined })) };
}
