import type { InvitedRoom, Membership, OwnRoom, ReadUpdated, Room, RoomAdded, RoomRemoved, User } from '../protocol/types';
import type { JoinedRoom, NewRoom, RestClient, RoomPatch } from '../transport/rest';
import type { ChatSocket } from '../transport/socket';
import type { Blocks } from './blocks';
import type { CachedRoom, LocalDatabase } from './local/database';
import type { DraftStorage } from './local/drafts';
import { RoomCache } from './local/roomCache';
import type { Tabs } from './local/tabs';
import type { Notices } from './notices';
import type { Outbox } from './outbox/outbox';
import type { ResourceState } from './resource';
import { otherMember, roomTitle, withMember } from './room/direct';
import { nextUnmuteMs, withoutExpiredMutes } from './room/mute';
import { type MyRoom, newOwnRoom, toMyRoom, toOwnRoom } from './room/myRoom';
import { cachedPage, RoomSession } from './room/session';
import { memberChangeSince } from './room/timeline';
import { nothingUnread } from './room/unread';
import { ReadTracker } from './readTracker';
import { Store } from './store';

/** 'loading' until the cache or the server has returned the list. */
export type RoomsState = ResourceState<readonly MyRoom[]>;

export interface RoomsOptions {
  /** The ID of the signed-in user. */
  me: number;
  rest: RestClient;
  socket: ChatSocket;
  db: LocalDatabase;
  tabs: Tabs;
  drafts: DraftStorage;
  outbox: Outbox;
  notices: Notices;
  blocks: Blocks;
}

/** Numbers in names are ordered by their value: room 2 before room 10. */
const byTitle = new Intl.Collator(undefined, { numeric: true });

/** Rooms is the list of the user's rooms, each with its session and its unread count. */
export class Rooms {
  /** The rooms, by title. */
  readonly state = new Store<RoomsState>({ kind: 'loading' });
  readonly unread: ReadTracker['unread'];
  readonly reading: ReadTracker;
  /** When the last message of each direct room was sent (Unix ms). */
  readonly lastMessageAt = new Store<ReadonlyMap<number, number>>(new Map());
  /** The rooms that were displayed since the page was loaded, newest first. */
  readonly recent = new Store<readonly number[]>([]);

  #options: RoomsOptions;
  #cache: RoomCache;
  #sessions = new Map<number, RoomSession>();
  #muteTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.reading = new ReadTracker(
      (roomId, seq) => options.socket.notify('read:mark', { roomId, seq }),
      (roomId) => this.#cache.save(roomId),
    );
    this.unread = this.reading.unread;
    this.#cache = new RoomCache(options.db, (roomId) => this.#snapshot(roomId));
    options.blocks.ids.subscribe(() => {
      for (const session of this.#sessions.values()) session.apply({ type: 'blocked', userIds: options.blocks.ids.getSnapshot() });
    });
  }

  get(roomId: number): MyRoom | undefined {
    return this.#list().find((mine) => mine.room.id === roomId);
  }

  session(roomId: number): RoomSession | undefined {
    return this.#sessions.get(roomId);
  }

  sessions(): Iterable<RoomSession> {
    return this.#sessions.values();
  }

  /** Returns the number of the last known change of a room, or 0. */
  cursorOf(roomId: number): number {
    return this.#sessions.get(roomId)?.cursor ?? 0;
  }

  async create(room: NewRoom): Promise<Room> {
    const created = await this.#options.rest.createRoom(room);
    this.#add({ room: created, role: 'owner', lastRead: 0, ...nothingUnread });
    return created;
  }

  async join(roomId: number, password?: string): Promise<Room> {
    return this.#addJoined(await this.#options.rest.joinRoom(roomId, password));
  }

  async joinByName(name: string, password?: string): Promise<Room> {
    return this.#addJoined(await this.#options.rest.joinRoomByName(name, password));
  }

  async joinByInvite(token: string): Promise<Room> {
    return this.#addJoined(await this.#options.rest.joinByInvite(token));
  }

  /** Opens the direct room with a user. The server creates it if it does not exist. */
  async openDirect(userId: number): Promise<Room> {
    const known = this.#list().find(({ room }) => otherMember(room, this.#options.me)?.id === userId);
    if (known !== undefined) return known.room;
    return this.#addJoined(await this.#options.rest.openDirect(userId));
  }

  /** Returns what a non-member may see of a room. */
  preview(roomId: number): Promise<Room> {
    return this.#options.rest.getRoom(roomId);
  }

  previewInvite(token: string): Promise<InvitedRoom> {
    return this.#options.rest.getInvitePreview(token);
  }

  async leave(roomId: number): Promise<void> {
    await this.#options.rest.leaveRoom(roomId);
    this.onRemoved({ roomId, reason: 'left' });
  }

  async update(roomId: number, patch: RoomPatch): Promise<void> {
    this.#setRoom(await this.#options.rest.updateRoom(roomId, patch));
  }

  async delete(roomId: number): Promise<void> {
    await this.#options.rest.deleteRoom(roomId);
    this.onRemoved({ roomId, reason: 'deleted' });
  }

  /** Records that a room is displayed. */
  visit(roomId: number): void {
    this.recent.update((rooms) => (rooms[0] === roomId ? rooms : [roomId, ...rooms.filter((id) => id !== roomId)]));
  }

  /** Shows the rooms that an earlier page stored. */
  async restore(): Promise<void> {
    const cached = await this.#options.db.listRooms();
    if (cached.length === 0) return;
    for (const room of cached) {
      const session = this.#open(room.own);
      session.restore(room);
      this.reading.receive(room.own, session);
    }
    this.#setRooms(cached.map((room) => toMyRoom(room.own)));
  }

  /** Stores every room with unsaved changes. */
  flushCache(): void {
    this.#cache.flush();
  }

  /** Shows the outbox of each room in its timeline. */
  showOutgoing(): void {
    for (const session of this.#sessions.values()) session.apply({ type: 'queued', outgoing: this.#options.outbox.outgoingIn(session.id) });
  }

  onConnected(rooms: readonly OwnRoom[]): void {
    const current = new Set(rooms.map((own) => own.room.id));
    for (const roomId of [...this.#sessions.keys()]) if (!current.has(roomId)) this.#forget(roomId);
    for (const own of rooms) this.reading.receive(own, this.#open(own));
    this.#setRooms(rooms.map(toMyRoom));
    for (const own of rooms) void this.#sessions.get(own.room.id)?.join(own.room.head);
  }

  onDisconnected(): void {
    for (const session of this.#sessions.values()) session.onDisconnect();
  }

  /** Joins a room that the user joined in another tab. */
  async onJoinedInOtherTab(roomId: number): Promise<void> {
    if (this.#sessions.has(roomId) || !this.#options.socket.connected) return;
    try {
      const { room, membership } = await this.#options.rest.joinRoom(roomId);
      if (this.#sessions.has(roomId)) return;
      const own = newOwnRoom(room, membership);
      const session = this.#open(own);
      this.reading.receive(own, session);
      this.#setRooms([...this.#list(), toMyRoom(own)]);
      await session.join();
    } catch {
      // The next connection sends the list of rooms anyway.
    }
  }

  /** The user became a member on another device. */
  onAdded({ room, membership }: RoomAdded): void {
    if (this.get(room.id) === undefined) this.#add(newOwnRoom(room, membership));
  }

  onRemoved({ roomId, reason }: RoomRemoved): void {
    const room = this.get(roomId)?.room;
    if (room === undefined) return;
    const title = roomTitle(room, this.#options.me);
    if (reason === 'kicked') this.#options.notices.show(`You were removed from ${title}.`);
    if (reason === 'deleted') this.#options.notices.show(`${title} was deleted.`);
    this.#forget(roomId);
    this.#setRooms(this.#list().filter((mine) => mine.room.id !== roomId));
  }

  /** The same event reports a changed role, without the member: if nothing else changed, the members are read again. */
  onRoomUpdated(room: Room): void {
    const known = this.get(room.id)?.room;
    this.#setRoom(room);
    const changed = (['name', 'description', 'private', 'hasPassword'] as const).some((field) => known?.[field] !== room[field]);
    if (!changed) void this.#sessions.get(room.id)?.members.load();
  }

  onMembership({ roomId, role, mutedUntil }: Membership): void {
    this.#change(roomId, ({ room }) => ({ room, role, ...(mutedUntil ? { mutedUntil } : {}) }));
  }

  onReadUpdated(update: ReadUpdated): void {
    const session = this.#sessions.get(update.roomId);
    if (session === undefined) return;
    this.reading.onReadUpdated(update, session);
    this.#cache.save(update.roomId);
  }

  /** Applies a changed profile to messages, members and the titles of direct rooms. */
  setUser(user: User): void {
    for (const session of this.#sessions.values()) session.setUser(user);
    const { id, username, displayName, avatarUrl } = user;
    const member = { id, username, displayName, avatarUrl };
    if (this.#list().some(({ room }) => room.with?.some((one) => one.id === id))) {
      this.#setRooms(this.#list().map((mine) => ({ ...mine, room: withMember(mine.room, member) })));
    }
  }

  close(): void {
    clearTimeout(this.#muteTimer);
    this.reading.close();
    this.#cache.close();
    for (const session of this.#sessions.values()) session.close();
  }

  #list(): readonly MyRoom[] {
    const state = this.state.getSnapshot();
    return state.kind === 'ready' ? state.value : [];
  }

  #setRooms(rooms: readonly MyRoom[]): void {
    const { me } = this.#options;
    const sorted = rooms.toSorted((a, b) => byTitle.compare(roomTitle(a.room, me), roomTitle(b.room, me)));
    this.state.set({ kind: 'ready', value: sorted });
    clearTimeout(this.#muteTimer);
    const wait = nextUnmuteMs(sorted);
    if (wait !== undefined) this.#muteTimer = setTimeout(() => this.#setRooms(withoutExpiredMutes(this.#list())), wait);
  }

  #change(roomId: number, change: (mine: MyRoom) => MyRoom): void {
    if (this.get(roomId) === undefined) return;
    this.#setRooms(this.#list().map((mine) => (mine.room.id === roomId ? change(mine) : mine)));
    this.#cache.save(roomId);
  }

  #setRoom(room: Room): void {
    this.#change(room.id, (mine) => ({ ...mine, room }));
  }

  #addJoined({ room, membership }: JoinedRoom): Room {
    this.#add(newOwnRoom(room, membership));
    return room;
  }

  #add(own: OwnRoom): void {
    const others = this.#list().filter((mine) => mine.room.id !== own.room.id);
    const session = this.#open(own);
    this.reading.receive(own, session);
    this.#setRooms([...others, toMyRoom(own)]);
    void session.join();
    this.#options.tabs.broadcast({ kind: 'joined', roomId: own.room.id });
  }

  #open({ room }: OwnRoom): RoomSession {
    const known = this.#sessions.get(room.id);
    if (known !== undefined) return known;
    const { me, socket, rest, drafts, outbox, blocks } = this.#options;
    const session = new RoomSession(room.id, me, socket, rest, {
      onAccessLost: (roomId) => this.onRemoved({ roomId, reason: 'left' }),
      onJoined: (joined) => {
        this.#setRoom(joined.room);
        this.onMembership(joined.membership);
      },
    });
    this.#sessions.set(room.id, session);
    drafts.follow(session);
    session.apply({ type: 'blocked', userIds: blocks.ids.getSnapshot() });
    session.timeline.subscribe(() => {
      this.reading.onTimelineChange(session);
      if (room.direct) this.#updateLastMessageAt(room.id);
      this.#cache.save(room.id);
      if (session.isTooLong) this.#trim(session);
    });
    session.members.state.subscribe(() => this.#updateRole(room.id));
    session.apply({ type: 'queued', outgoing: outbox.outgoingIn(room.id) });
    return session;
  }

  #forget(roomId: number): void {
    this.#sessions.get(roomId)?.close();
    this.#sessions.delete(roomId);
    this.#cache.remove(roomId);
    this.#options.drafts.forget(roomId);
    this.reading.forget(roomId);
  }

  /** Unloads old messages. What is counted from them is counted before. */
  #trim(session: RoomSession): void {
    this.reading.settle(session);
    const since = (room: Room) => memberChangeSince(session.timeline.getSnapshot(), room.head);
    this.#change(session.id, (mine) => ({ ...mine, room: { ...mine.room, memberCount: mine.room.memberCount + since(mine.room), head: session.cursor } }));
    session.trim();
  }

  #updateLastMessageAt(roomId: number): void {
    const last = this.#sessions.get(roomId)?.timeline.getSnapshot().messages.at(-1);
    const at = last && Date.parse(last.createdAt);
    if (at === undefined || at === this.lastMessageAt.getSnapshot().get(roomId)) return;
    this.lastMessageAt.update((times) => new Map(times).set(roomId, at));
  }

  /** The list of members contains the user's own role, too. */
  #updateRole(roomId: number): void {
    const role = this.#sessions.get(roomId)?.members.find(this.#options.me)?.role;
    if (role !== undefined && role !== this.get(roomId)?.role) this.#change(roomId, (mine) => ({ ...mine, role }));
  }

  #snapshot(roomId: number): CachedRoom | undefined {
    const mine = this.get(roomId);
    const session = this.#sessions.get(roomId);
    const page = session && cachedPage(session.timeline.getSnapshot());
    if (mine === undefined || page === undefined) return undefined;
    return { roomId, own: toOwnRoom(mine, this.reading.mark(roomId), this.reading.count(roomId)), ...page };
  }
}
