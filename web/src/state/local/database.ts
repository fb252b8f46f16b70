import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Message, OwnRoom, Reply, User } from '../../protocol/types';
import type { OutgoingFile } from '../outbox/files';

export type EntryState =
  /** Waiting to be sent, not before notBefore (Unix ms) if the server named a time. */
  | { kind: 'pending'; notBefore: number }
  | { kind: 'failed'; reason: string };

/** An unsent message. */
export interface OutboxEntry {
  /** The position in the queue. */
  order: number;
  cid: string;
  roomId: number;
  text: string;
  /** The message that it replies to. */
  replyTo?: Reply;
  /** The files of the message. They are uploaded before the message is sent. */
  files?: readonly OutgoingFile[];
  createdAt: string;
  state: EntryState;
}

/** The fields of an entry that can change. */
export type EntryPatch = Partial<Pick<OutboxEntry, 'state' | 'files'>>;

/** What a reload displays of a room before the server responds. */
export interface CachedRoom {
  roomId: number;
  own: OwnRoom;
  epoch: string;
  seq: number;
  messages: Message[];
  hasOlder: boolean;
}

/** LocalDatabase stores the unsent messages and cached rooms of one user in this browser. */
export interface LocalDatabase {
  /** Returns the unsent messages in order. */
  listEntries(): Promise<OutboxEntry[]>;
  /** Adds an entry. It must not be sent before the promise resolves. */
  addEntry(entry: Omit<OutboxEntry, 'order'>): Promise<OutboxEntry>;
  /** Changes an entry and returns it, or undefined if it does not exist any more. */
  updateEntry(order: number, patch: EntryPatch): Promise<OutboxEntry | undefined>;
  removeEntry(order: number): Promise<void>;
  listRooms(): Promise<CachedRoom[]>;
  putRoom(room: CachedRoom): Promise<void>;
  removeRoom(roomId: number): Promise<void>;
  /** Deletes the cached rooms. Unsent messages stay. */
  clearRooms(): Promise<void>;
  close(): void;
  /** Deletes the database. */
  destroy(): Promise<void>;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxEntry };
  rooms: { key: number; value: CachedRoom };
}

/** Returns the name of a user's database. It contains the creation time, because IDs are reused when the server's database is created again. */
export function databaseName(user: User): string {
  return `chillin-${user.id}-${Date.parse(user.createdAt) || 0}`;
}

/** Opens a user's database. It is in memory if the browser has no storage. */
export async function openLocalDatabase(name: string): Promise<LocalDatabase> {
  try {
    const db = await openDB<Schema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('outbox', { keyPath: 'order', autoIncrement: true });
        fresh.createObjectStore('rooms', { keyPath: 'roomId' });
      },
      // Another tab signs out and deletes the database: do not block it.
      blocking: () => db.close(),
    });
    return new IndexedDBDatabase(name, db);
  } catch {
    return new MemoryDatabase();
  }
}

class IndexedDBDatabase implements LocalDatabase {
  #name: string;
  #db: IDBPDatabase<Schema>;

  constructor(name: string, db: IDBPDatabase<Schema>) {
    this.#name = name;
    this.#db = db;
  }

  listEntries(): Promise<OutboxEntry[]> {
    return this.#db.getAll('outbox');
  }

  async addEntry(entry: Omit<OutboxEntry, 'order'>): Promise<OutboxEntry> {
    const tx = this.#db.transaction('outbox', 'readwrite', { durability: 'strict' });
    // IndexedDB generates the key; the type does not express that.
    const order = await tx.store.add(entry as OutboxEntry);
    await tx.done;
    return { ...entry, order };
  }

  async updateEntry(order: number, patch: EntryPatch): Promise<OutboxEntry | undefined> {
    const tx = this.#db.transaction('outbox', 'readwrite');
    const entry = await tx.store.get(order);
    const changed = entry && { ...entry, ...patch };
    if (changed !== undefined) await tx.store.put(changed);
    await tx.done;
    return changed;
  }

  removeEntry(order: number): Promise<void> {
    return this.#db.delete('outbox', order);
  }

  listRooms(): Promise<CachedRoom[]> {
    return this.#db.getAll('rooms');
  }

  async putRoom(room: CachedRoom): Promise<void> {
    await this.#db.put('rooms', room);
  }

  removeRoom(roomId: number): Promise<void> {
    return this.#db.delete('rooms', roomId);
  }

  clearRooms(): Promise<void> {
    return this.#db.clear('rooms');
  }

  close(): void {
    this.#db.close();
  }

  async destroy(): Promise<void> {
    // Clear first: a tab that blocks the deletion must not keep the contents.
    await Promise.all([this.#db.clear('outbox'), this.#db.clear('rooms')]);
    this.#db.close();
    void deleteDB(this.#name);
  }
}

class MemoryDatabase implements LocalDatabase {
  #entries = new Map<number, OutboxEntry>();
  #rooms = new Map<number, CachedRoom>();
  #next = 1;

  async listEntries(): Promise<OutboxEntry[]> {
    return [...this.#entries.values()];
  }

  async addEntry(entry: Omit<OutboxEntry, 'order'>): Promise<OutboxEntry> {
    const stored = { ...entry, order: this.#next++ };
    this.#entries.set(stored.order, stored);
    return stored;
  }

  async updateEntry(order: number, patch: EntryPatch): Promise<OutboxEntry | undefined> {
    const entry = this.#entries.get(order);
    const changed = entry && { ...entry, ...patch };
    if (changed !== undefined) this.#entries.set(order, changed);
    return changed;
  }

  async removeEntry(order: number): Promise<void> {
    this.#entries.delete(order);
  }

  async listRooms(): Promise<CachedRoom[]> {
    return [...this.#rooms.values()];
  }

  async putRoom(room: CachedRoom): Promise<void> {
    this.#rooms.set(room.roomId, room);
  }

  async removeRoom(roomId: number): Promise<void> {
    this.#rooms.delete(roomId);
  }

  async clearRooms(): Promise<void> {
    this.#rooms.clear();
  }

  close(): void {}

  async destroy(): Promise<void> {
    this.#entries.clear();
    this.#rooms.clear();
  }
}
