import type { RoomChanges, RoomJoined } from '../../protocol/types';
import { ApiError, errorMessage } from '../../transport/errors';
import type { ChatSocket } from '../../transport/socket';
import { Store } from '../store';
import { hasGap, type Timeline, type TimelineEvent } from './timeline';

/** Whether the room's messages can be displayed. */
export type LoadState = { kind: 'loading' } | { kind: 'ready' } | { kind: 'failed'; reason: string };

/** What the synchronisation changes. */
export interface SyncTarget {
  readonly timeline: Store<Timeline>;
  apply(event: TimelineEvent): void;
  /** The server confirmed the subscription and sent the current state of the room. */
  onJoined(joined: RoomJoined): void;
  /** The known messages are invalid and were removed. */
  onReset(): void;
  /** The user is no longer a member of the room. */
  onAccessLost(): void;
}

const PAGE_SIZE = 50;
const CHANGES_PAGE_SIZE = 100;
/** A client that misses more changes than this loads the newest page instead. */
const MAX_CATCH_UP = 400;
const MAX_FAILURES = 3;
const RETRY_DELAY_MS = 500;
const JOIN_RETRY_MS = 1_000;

/** RoomSync subscribes to a room and reads missed changes until the timeline has no gap. */
export class RoomSync {
  readonly loadState = new Store<LoadState>({ kind: 'loading' });
  #roomId: number;
  #socket: ChatSocket;
  #target: SyncTarget;
  #joining = false;
  #catchUp: 'idle' | 'running' | 'rerun' = 'idle';
  #closed = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(roomId: number, socket: ChatSocket, target: SyncTarget) {
    this.#roomId = roomId;
    this.#socket = socket;
    this.#target = target;
  }

  /** Subscribes on the current connection and continues from the cursor. `head` is the room's last number, if it is known. */
  async join(head?: number): Promise<void> {
    if (this.#closed || this.#joining) return;
    this.#joining = true;
    clearTimeout(this.#retryTimer);
    if (this.loadState.getSnapshot().kind === 'failed') this.loadState.set({ kind: 'loading' });
    try {
      await this.#join(head);
    } catch (error) {
      this.#onJoinFailed(error);
    } finally {
      this.#joining = false;
    }
    if (this.#isBehind(0)) void this.catchUp();
  }

  /** Reads missed changes if the timeline has a gap. */
  onMessageEvent(): void {
    if (!this.#joining && hasGap(this.#target.timeline.getSnapshot())) void this.catchUp();
  }

  /** Reads missed changes if the server's last number is higher than the cursor. */
  onHead(head: number): void {
    if (!this.#joining && this.#isBehind(head)) void this.catchUp();
  }

  onDisconnect(): void {
    clearTimeout(this.#retryTimer);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
  }

  /** Reads the changes since the cursor until none is missing. */
  async catchUp(): Promise<void> {
    if (this.#catchUp !== 'idle') {
      this.#catchUp = 'rerun';
      return;
    }
    this.#catchUp = 'running';
    const outcome = await this.#readChanges();
    this.#catchUp = 'idle';
    if (outcome === 'reset') await this.#reload();
    else if (outcome === 'failed') this.#socket.reconnect();
  }

  async #readChanges(): Promise<'done' | 'reset' | 'failed'> {
    let failures = 0;
    let more = true;
    while (more && !this.#closed && this.#socket.connected) {
      const { cursor } = this.#target.timeline.getSnapshot();
      if (cursor.kind !== 'at') break;
      try {
        const { seq: since, epoch } = cursor;
        const changes = await this.#socket.request('room:changes', { roomId: this.#roomId, since, epoch, limit: CHANGES_PAGE_SIZE });
        if (changes.reset) return 'reset';
        more = this.#apply(changes);
        failures = changes.to > since || !more ? 0 : failures + 1;
      } catch (error) {
        if (error instanceof ApiError && !error.retryable) break;
        if (error instanceof ApiError && error.code === 'RATE_LIMITED') {
          await pause(error.retryAfterMs ?? RETRY_DELAY_MS); // not a failure of the connection
          continue;
        }
        failures += 1;
      }
      if (failures >= MAX_FAILURES) return 'failed';
      if (failures > 0) await pause(RETRY_DELAY_MS * failures);
    }
    return 'done';
  }

  /** Applies a page of changes and reports whether another request is needed. */
  #apply(changes: RoomChanges): boolean {
    this.#target.apply({ type: 'caught-up', changes });
    const rerun = this.#catchUp === 'rerun';
    this.#catchUp = 'running';
    return changes.more || hasGap(this.#target.timeline.getSnapshot()) || rerun;
  }

  #isBehind(head: number): boolean {
    const t = this.#target.timeline.getSnapshot();
    return t.cursor.kind === 'at' && (hasGap(t) || head > t.cursor.seq);
  }

  async #join(head?: number): Promise<void> {
    const { cursor } = this.#target.timeline.getSnapshot();
    const near = cursor.kind === 'at' && (head === undefined || head - cursor.seq <= MAX_CATCH_UP);
    const from = near ? { since: cursor.seq, epoch: cursor.epoch } : {};
    const limit = near ? CHANGES_PAGE_SIZE : PAGE_SIZE;
    const joined = await this.#socket.request('room:join', { roomId: this.#roomId, limit, ...from });
    this.#target.onJoined(joined);
    // With a reset the server sends the newest page, as to a client that knows nothing.
    const fresh = !near || joined.reset || joined.epoch !== cursor.epoch;
    if (fresh) this.#target.apply({ type: 'opened', messages: joined.messages, to: joined.to, epoch: joined.epoch });
    else this.#target.apply({ type: 'caught-up', changes: joined });
    this.loadState.set({ kind: 'ready' });
    if (!fresh && joined.more) void this.catchUp();
  }

  #onJoinFailed(error: unknown): void {
    if (!(error instanceof ApiError)) return; // The connection was lost: the next one joins again.
    if (error.retryable) {
      this.#retryTimer = setTimeout(() => void this.join(), error.retryAfterMs ?? JOIN_RETRY_MS);
      return;
    }
    if (error.code === 'NOT_FOUND' || error.code === 'NOT_A_MEMBER' || error.code === 'FORBIDDEN') {
      this.#target.onAccessLost();
      return;
    }
    this.loadState.set({ kind: 'failed', reason: errorMessage(error) });
  }

  async #reload(): Promise<void> {
    this.#target.apply({ type: 'reset' });
    this.#target.onReset();
    this.loadState.set({ kind: 'loading' });
    await this.join();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
