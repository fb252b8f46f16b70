import type { MessageConfirmed, Reply } from '../../protocol/types';
import { ApiError, errorMessage } from '../../transport/errors';
import { newCid } from './cid';
import type { OutgoingFile } from './files';
import type { Outgoing } from '../room/timeline';
import { Store } from '../store';
import type { Tabs } from '../local/tabs';
import type { OutboxEntry, LocalDatabase } from '../local/database';

/** OutboxTransport sends the content of the outbox to the server. */
export interface OutboxTransport {
  readonly connected: boolean;
  /** Uploads a file and returns its attachment ID. */
  upload(file: OutgoingFile, onProgress: (part: number) => void, signal: AbortSignal): Promise<number>;
  send(entry: OutboxEntry): Promise<MessageConfirmed>;
}

export interface OutboxOptions {
  db: LocalDatabase;
  tabs: Tabs;
  transport: OutboxTransport;
  onConfirmed(confirmed: MessageConfirmed): void;
}

/** The content of a message before it is in the outbox. */
export interface DraftContent {
  text: string;
  replyTo?: Reply | undefined;
  files?: readonly OutgoingFile[] | undefined;
}

/** The delay before a retry if the server did not name one. */
const RETRY_DELAY_MS = 2_000;

/**
 * Outbox stores messages until the server has confirmed them. Each is stored before
 * it is sent. The tab that holds a room's lock sends the messages of that room, in
 * order and one at a time. A message may be sent twice: the server stores it once,
 * by its cid.
 */
export class Outbox {
  readonly entries = new Store<readonly OutboxEntry[]>([]);
  #options: OutboxOptions;
  /** The upload progress of each message in this tab, from 0 to 1. */
  readonly progress = new Store<ReadonlyMap<string, number>>(new Map());
  #uploads = new Map<string, AbortController>();
  #flushing = new Map<number, 'once' | 'again'>();
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Returns the messages of a room that are not sent yet. */
  outgoingIn(roomId: number): Outgoing[] {
    return this.entries.getSnapshot().filter((entry) => entry.roomId === roomId).map(toOutgoing);
  }

  /** Reads the entries again, which other tabs or an earlier page may have changed, then sends them. */
  async refresh(): Promise<void> {
    await this.#reload();
    this.flush();
  }

  async add(roomId: number, { text, replyTo, files = [] }: DraftContent): Promise<void> {
    const createdAt = new Date().toISOString();
    const state = { kind: 'pending', notBefore: 0 } as const;
    const more = { ...(replyTo ? { replyTo } : {}), ...(files.length > 0 ? { files } : {}) };
    await this.#options.db.addEntry({ cid: newCid(), roomId, text, ...more, createdAt, state });
    await this.#onChange();
    this.#flushRoom(roomId);
  }

  async retry(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry?.state.kind !== 'failed') return;
    await this.#options.db.updateEntry(entry.order, { state: { kind: 'pending', notBefore: 0 } });
    await this.#onChange();
    this.#flushRoom(entry.roomId);
  }

  /** Removes a message that failed or whose files are still uploading. Other pending messages may already be sent. */
  async discard(cid: string): Promise<void> {
    const entry = this.#find(cid);
    if (entry === undefined || (entry.state.kind !== 'failed' && !isUploading(entry))) return;
    this.#uploads.get(cid)?.abort();
    await this.#options.db.removeEntry(entry.order);
    await this.#onChange();
  }

  /** Sends all pending messages. It is called on every new connection. */
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

  async #reload(): Promise<void> {
    const entries = await this.#options.db.listEntries();
    if (!this.#closed) this.entries.set(entries);
  }

  async #onChange(): Promise<void> {
    await this.#reload();
    if (!this.#closed) this.#options.tabs.broadcast({ kind: 'outbox' });
  }

  #flushRoom(roomId: number): void {
    if (this.#closed || !this.#options.transport.connected) return;
    if (this.#flushing.has(roomId)) {
      this.#flushing.set(roomId, 'again');
      return;
    }
    this.#flushing.set(roomId, 'once');
    void this.#options.tabs
      .withLock(`room-${roomId}`, () => this.#flushLocked(roomId))
      .catch((error: unknown) => console.warn('outbox', error))
      .then(() => {
        const again = this.#flushing.get(roomId) === 'again';
        this.#flushing.delete(roomId);
        if (again) this.#flushRoom(roomId);
      });
  }

  /** Sends the pending messages of a room. The caller holds the room's lock. Entries are read again, because another tab may have sent them. */
  async #flushLocked(roomId: number): Promise<void> {
    while (!this.#closed && this.#options.transport.connected) {
      await this.#reload();
      const next = this.#pending().find((entry) => entry.roomId === roomId);
      if (next?.state.kind !== 'pending') return;
      const wait = next.state.notBefore - Date.now();
      if (wait > 0) {
        // Release the lock while waiting: timers of a hidden tab are slow.
        this.#scheduleFlush(roomId, wait);
        return;
      }
      if (!(await this.#sendOne(next))) return;
    }
  }

  /** Sends one message and reports whether the next one can be sent. */
  async #sendOne(entry: OutboxEntry): Promise<boolean> {
    const { db, transport, onConfirmed } = this.#options;
    try {
      const whole = await this.#uploadFiles(entry);
      if (whole === undefined) return true; // discarded
      const confirmation = await transport.send(whole);
      onConfirmed(confirmation);
      await db.removeEntry(entry.order);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        // Without a response the message may be stored or not. Sending the same cid again is safe.
        this.#scheduleFlush(entry.roomId, RETRY_DELAY_MS);
        return false;
      }
      await db.updateEntry(entry.order, error.retryable
        ? { state: { kind: 'pending', notBefore: Date.now() + (error.retryAfterMs ?? RETRY_DELAY_MS) } }
        : { state: { kind: 'failed', reason: errorMessage(error) }, ...(error.code === 'NOT_FOUND' ? clearUploads(entry) : {}) });
    }
    await this.#onChange();
    return true;
  }

  /** Uploads the remaining files one after the other. Each attachment ID is stored immediately, so that another page can continue. It returns undefined if the message was discarded. */
  async #uploadFiles(entry: OutboxEntry): Promise<OutboxEntry | undefined> {
    if (!isUploading(entry)) return entry;
    const abort = new AbortController();
    this.#uploads.set(entry.cid, abort);
    let now: OutboxEntry | undefined = entry;
    try {
      for (const [at, file] of (entry.files ?? []).entries()) {
        if (file.attachment !== undefined) continue;
        const attachment: number = await this.#options.transport.upload(file, (part) => this.#reportProgress(entry, at, part), abort.signal);
        const files: OutgoingFile[] = (now.files ?? []).map((one, i) => (i === at ? { ...one, attachment } : one));
        now = await this.#options.db.updateEntry(entry.order, { files });
        if (now === undefined) return undefined;
      }
      await this.#reload();
      return now;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#uploads.delete(entry.cid);
      this.#setProgress(entry.cid, undefined);
    }
  }

  #reportProgress({ cid, files = [] }: OutboxEntry, at: number, part: number): void {
    const whole = files.reduce((sum, { size }) => sum + size, 0);
    const before = files.slice(0, at).reduce((sum, { size }) => sum + size, 0);
    this.#setProgress(cid, (before + (files[at]?.size ?? 0) * part) / Math.max(1, whole));
  }

  #setProgress(cid: string, part: number | undefined): void {
    this.progress.update((all) => {
      const next = new Map(all);
      if (part === undefined) next.delete(cid);
      else next.set(cid, part);
      return next;
    });
  }

  #scheduleFlush(roomId: number, ms: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.set(roomId, setTimeout(() => this.#flushRoom(roomId), ms));
  }
}

/** Reports whether files of a message are not uploaded yet. The message itself is sent after them. */
export function isUploading({ files = [] }: Pick<OutboxEntry, 'files'>): boolean {
  return files.some(({ attachment }) => attachment === undefined);
}

/** Removes the attachment IDs: the server deletes uploads that are not used within a day. */
function clearUploads({ files }: OutboxEntry): Pick<OutboxEntry, 'files'> {
  return files === undefined ? {} : { files: files.map((file) => ({ ...file, attachment: undefined })) };
}

function toOutgoing({ cid, text, createdAt, replyTo, files, state }: OutboxEntry): Outgoing {
  const content = { cid, text, createdAt, ...(replyTo ? { replyTo } : {}), ...(files ? { files } : {}) };
  return state.kind === 'failed' ? { ...content, kind: 'failed', reason: state.reason } : { ...content, kind: 'pending' };
}
