import type { CachedRoom, LocalDatabase } from './database';

const SAVE_INTERVAL_MS = 500;

/** RoomCache stores the newest messages of each room, so that a reload can show them before the server responds. */
export class RoomCache {
  #db: LocalDatabase;
  #snapshot: (roomId: number) => CachedRoom | undefined;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #unsaved = new Set<number>();

  /** `snapshot` returns what to store of a room, or undefined if there is nothing yet. */
  constructor(db: LocalDatabase, snapshot: (roomId: number) => CachedRoom | undefined) {
    this.#db = db;
    this.#snapshot = snapshot;
  }

  /** Stores a room now, and once more at the end of a burst of changes. */
  save(roomId: number): void {
    if (this.#timers.has(roomId)) {
      this.#unsaved.add(roomId);
      return;
    }
    if (!this.#write(roomId)) return;
    this.#timers.set(roomId, setTimeout(() => {
      this.#timers.delete(roomId);
      if (this.#unsaved.delete(roomId)) this.save(roomId);
    }, SAVE_INTERVAL_MS));
  }

  /** Stores every room with unsaved changes. */
  flush(): void {
    for (const roomId of this.#unsaved) this.#write(roomId);
  }

  remove(roomId: number): void {
    clearTimeout(this.#timers.get(roomId));
    this.#timers.delete(roomId);
    this.#unsaved.delete(roomId);
    this.#db.removeRoom(roomId).catch(() => undefined);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #write(roomId: number): boolean {
    const room = this.#snapshot(roomId);
    if (room === undefined) return false;
    // A failed write is not an error for the user: the cache only makes a reload faster.
    this.#db.putRoom(room).catch(() => undefined);
    return true;
  }
}
