import { defaultLimits } from '../protocol/decode';
import type { Connected, InvitedRoom, Limits, Membership, OwnRoom, OwnStatus, Room, RoomAdded, RoomRemoved, ServerFrame, User } from '../protocol/types';
import type { AccountCredentials, NewRoom, ProfilePatch, RestClient, RoomPatch } from '../transport/rest';
import { ChatSocket, type ConnectionState, type SocketOptions } from '../transport/socket';
import { Notifications } from './alerts';
import { roomTitle, withMember } from './room/direct';
import { DraftStorage } from './local/drafts';
import type { OutgoingFile } from './outbox/files';
import type { UserStorage } from './local/userStorage';
import { nextUnmuteMs, withoutExpiredMutes } from './room/mute';
import { Notices } from './notices';
import { Outbox } from './outbox/outbox';
import { PagedResource } from './pagedResource';
import { cachedPage, RoomSession } from './room/session';
import { Search } from './search';
import { Sessions } from './sessions';
import { UploadAllowanceState } from './outbox/uploadAllowance';
import { saveStatus, loadStatus } from './local/status';
import { Store } from './store';
import { BrowserTabs, type Tabs } from './local/tabs';
import type { Outgoing } from './room/timeline';
import { type MyRoom, nothingUnread, type Unread, countUnread } from './room/unread';
import { type OutboxEntry, type LocalDatabase, databaseName } from './local/database';

/** This user's rooms, by name. 'loading' until the cache or the server has told them. */
export type RoomsState = { kind: 'loading' } | { kind: 'ready'; rooms: readonly MyRoom[] };

export interface ChatCallbacks {
  /** The server ended the session. */
  onSessionEnded(): void;
  /** A connection was refused: perhaps the session is over. */
  onConnectFailed(): void;
  /** The socket speaks for another user: somebody signed in elsewhere in this browser. */
  onOtherUser(user: User): void;
}

export interface ChatOptions {
  user: User;
  rest: RestClient;
  db: LocalDatabase;
  storage: UserStorage;
  socket: SocketOptions;
  callbacks: ChatCallbacks;
  tabs?: Tabs;
}

const SAVE_AFTER_MS = 500;
const MARK_READ_AFTER_MS = 600;

/**
 * Chat is one signed-in user's side of everything: the connection, the rooms and
 * what is on its way. It lives from sign-in to sign-out, whatever the screen shows.
 */
export class Chat {
  readonly user: Store<User>;
  readonly connection = new Store<ConnectionState>({ kind: 'disconnected' });
  readonly rooms = new Store<RoomsState>({ kind: 'loading' });
  readonly unread = new Store<ReadonlyMap<number, Unread>>(new Map());
  /** When something was last said in each talk of two (Unix ms). */
  readonly lastMessageAt = new Store<ReadonlyMap<number, number>>(new Map());
  /** The rooms that were looked at since the page is here, the latest first. */
  readonly recentRooms = new Store<readonly number[]>([]);
  readonly limits = new Store<Limits>(defaultLimits);
  /** What this user says of themselves, on all their tabs here. */
  readonly status: Store<OwnStatus>;
  readonly sessions: Sessions;
  readonly uploadAllowance: UploadAllowanceState;
  readonly notices = new Notices();
  readonly notifications: Notifications;
  /** The rooms that everybody may find, by a part of their name. */
  readonly directory: PagedResource<Room, string>;
  readonly search: Search;
  readonly outbox: Outbox;

  #rest: RestClient;
  #vault: LocalDatabase;
  #kept: UserStorage;
  #drafts: DraftStorage;
  #tabs: Tabs;
  #socket: ChatSocket;
  #callbacks: ChatCallbacks;
  #sessions = new Map<number, RoomSession>();
  #saveTimers = new Map<number, ReturnType<typeof setTimeout>>();
  #unsaved = new Set<number>();
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #muteTimer: ReturnType<typeof setTimeout> | undefined;
  #epoch = '';
  #stops: (() => void)[] = [];

  constructor({ user, rest, db: vault, storage: kept, socket, callbacks: hooks, tabs }: ChatOptions) {
    this.user = new Store(user);
    this.#rest = rest;
    this.#vault = vault;
    this.#kept = kept;
    this.#drafts = new DraftStorage(kept);
    this.notifications = new Notifications(kept);
    this.#callbacks = hooks;
    this.#tabs = tabs ?? new BrowserTabs(databaseName(user));
    this.directory = new PagedResource(async (text, cursor) => {
      const { rooms, nextCursor } = await rest.listRooms({ limit: 50, sort: 'members', text: text.trim(), ...(cursor ? { cursor } : {}) });
      return { items: rooms, ...(nextCursor ? { next: nextCursor } : {}) };
    }, '');
    this.search = new Search(rest);
    this.sessions = new Sessions(rest);
    this.uploadAllowance = new UploadAllowanceState(rest);
    this.status = new Store(loadStatus(user.id));
    this.#socket = new ChatSocket(
      {
        onState: (state) => this.#connectionIs(state),
        onFrame: (frame) => this.#take(frame),
        onSessionEnded: () => hooks.onSessionEnded(),
        onConnectFailed: () => hooks.onConnectFailed(),
      },
      socket,
    );
    this.outbox = new Outbox({
      db: vault,
      tabs: this.#tabs,
      transport: this.#carrier(),
      onConfirmed: (confirmed) => this.#sessions.get(confirmed.roomId)?.apply({ type: 'confirmed', confirmed }),
    });
  }

  /** Shows what this browser has kept, then connects. */
  async start(): Promise<void> {
    this.#stops.push(this.outbox.entries.subscribe(() => this.#showOutgoing()));
    this.#tabs.onMessage((news) => {
      if (news.kind === 'outbox') void this.outbox.refresh();
      else if (news.kind === 'status') this.#statusIs(news.status);
      else void this.#joinedElsewhere(news.roomId);
    });
    this.#stops.push(this.#kept.watch((name, value) => {
      this.#drafts.onStorageChange(name, value);
      this.notifications.onStorageChange(name, value);
    }));
    await this.#restore();
    await this.outbox.refresh();
    this.#watchBrowser();
    this.#socket.open();
  }

  /** Hands what is written in a room to the outbox. What this browser cannot keep is given back. */
  async send(session: RoomSession): Promise<void> {
    const written = session.consumeDraft();
    try {
      await this.outbox.add(session.id, written);
    } catch {
      session.restoreDraft(written);
      this.notices.show('This browser has no room left to keep that. Nothing was sent.');
    }
  }

  /** For what is fetched when somebody looks at it: administration, webhooks, bots. */
  get rest(): RestClient {
    return this.#rest;
  }

  retryConnection(): void {
    this.#socket.retryNow();
  }

  session(roomId: number): RoomSession | undefined {
    return this.#sessions.get(roomId);
  }

  myRoom(roomId: number): MyRoom | undefined {
    return this.#list().find((mine) => mine.room.id === roomId);
  }

  async createRoom(room: NewRoom): Promise<Room> {
    const created = await this.#rest.createRoom(room);
    this.#adopt({ room: created, role: 'owner', lastRead: 0, unread: 0, mentions: 0 });
    return created;
  }

  async joinRoom(roomId: number, password?: string): Promise<Room> {
    return this.#joined(await this.#rest.joinRoom(roomId, password));
  }

  async joinRoomByName(name: string, password?: string): Promise<Room> {
    return this.#joined(await this.#rest.joinRoomByName(name, password));
  }

  /** The page of an invite, before one comes in. */
  previewInvite(token: string): Promise<InvitedRoom> {
    return this.#rest.getInvitePreview(token);
  }

  async joinByInvite(token: string): Promise<Room> {
    return this.#joined(await this.#rest.joinByInvite(token));
  }

  /** The one room of two people, made where there is none. */
  async openDirect(userId: number): Promise<Room> {
    return this.#joined(await this.#rest.openDirect(userId));
  }

  /** What a stranger may see of a room. */
  previewRoom(roomId: number): Promise<Room> {
    return this.#rest.getRoom(roomId);
  }

  async leaveRoom(roomId: number): Promise<void> {
    await this.#rest.leaveRoom(roomId);
    this.#remove({ roomId, reason: 'left' });
  }

  async updateRoom(roomId: number, patch: RoomPatch): Promise<void> {
    this.#roomIs(await this.#rest.updateRoom(roomId, patch));
  }

  async deleteRoom(roomId: number): Promise<void> {
    await this.#rest.deleteRoom(roomId);
    this.#remove({ roomId, reason: 'deleted' });
  }

  async updateProfile(patch: ProfilePatch): Promise<void> {
    this.#userIs(await this.#rest.updateProfile(patch));
  }

  async setAvatar(picture: Blob): Promise<void> {
    this.#userIs(await this.#rest.setAvatar(picture));
  }

  async removeAvatar(): Promise<void> {
    await this.#rest.removeAvatar();
    this.#userIs({ ...this.user.getSnapshot(), avatarUrl: '' });
  }

  /** A guest becomes an account, and stays who it is. */
  async upgradeGuest(account: AccountCredentials): Promise<void> {
    this.#userIs(await this.#rest.upgradeGuest(account));
  }

  async changePassword(current: string, password: string): Promise<void> {
    await this.#rest.changePassword(current, password);
    await this.sessions.load();
  }

  setStatus(status: OwnStatus): void {
    saveStatus(this.user.getSnapshot().id, status);
    this.#tabs.broadcast({ kind: 'status', status });
    this.#statusIs(status);
  }

  /** The user looks at a room. */
  visit(roomId: number): void {
    this.recentRooms.update((rooms) => (rooms[0] === roomId ? rooms : [roomId, ...rooms.filter((id) => id !== roomId)]));
  }

  /** Whether the user looks at this or another tab of theirs. */
  isFocused(): Promise<boolean> {
    return this.#tabs.isFocused();
  }

  /** Everything of the room that is loaded has been seen. */
  markRead(roomId: number): void {
    const cursor = this.#sessions.get(roomId)?.timeline.getSnapshot().cursor;
    const mine = this.myRoom(roomId);
    if (mine === undefined || cursor?.kind !== 'at' || cursor.seq <= mine.lastRead) return;
    this.#patch(roomId, (room) => ({ ...room, lastRead: cursor.seq, serverCount: { ...nothingUnread, head: cursor.seq } }));
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => {
      const seq = this.myRoom(roomId)?.lastRead ?? 0;
      this.#socket.notify('read:mark', { roomId, seq });
    }, MARK_READ_AFTER_MS);
  }

  /** Ends the connection and keeps what is unsent. */
  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#readTimer);
    clearTimeout(this.#muteTimer);
    for (const timer of this.#saveTimers.values()) clearTimeout(timer);
    for (const session of this.#sessions.values()) session.close();
    this.outbox.close();
    this.#socket.close();
    this.#tabs.close();
  }

  #carrier() {
    const socket = this.#socket;
    return {
      get connected() {
        return socket.connected;
      },
      upload: async ({ blob, name }: OutgoingFile, onProgress: (part: number) => void, signal: AbortSignal) =>
        (await this.#rest.upload(blob, name, { onProgress, signal })).id,
      send: ({ roomId, cid, text, replyTo, files = [] }: OutboxEntry) => {
        const attachmentIds = files.flatMap(({ attachment }) => attachment ?? []);
        const more = { ...(replyTo ? { replyTo: replyTo.id } : {}), ...(attachmentIds.length > 0 ? { attachmentIds } : {}) };
        return socket.request('message:send', { roomId, cid, text, ...more });
      },
    };
  }

  #list(): readonly MyRoom[] {
    const state = this.rooms.getSnapshot();
    return state.kind === 'ready' ? state.rooms : [];
  }

  #patch(roomId: number, change: (mine: MyRoom) => MyRoom): void {
    if (this.myRoom(roomId) === undefined) return;
    this.#setRooms(this.#list().map((mine) => (mine.room.id === roomId ? change(mine) : mine)));
    this.#count(roomId);
    this.#save(roomId);
  }

  #setRooms(rooms: readonly MyRoom[]): void {
    const me = this.user.getSnapshot().id;
    const sorted = rooms.toSorted((a, b) => roomTitle(a.room, me).localeCompare(roomTitle(b.room, me)));
    this.rooms.set({ kind: 'ready', rooms: sorted });
    clearTimeout(this.#muteTimer);
    const wait = nextUnmuteMs(sorted);
    if (wait !== undefined) this.#muteTimer = setTimeout(() => this.#setRooms(withoutExpiredMutes(this.#list())), wait);
  }

  #count(roomId: number): void {
    const mine = this.myRoom(roomId);
    const session = this.#sessions.get(roomId);
    const now = mine && session ? countUnread(mine, session.timeline.getSnapshot()) : nothingUnread;
    const before = this.unread.getSnapshot().get(roomId) ?? nothingUnread;
    if (before.unread === now.unread && before.mentions === now.mentions) return;
    this.unread.update((counts) => new Map(counts).set(roomId, now));
  }

  #saidIn(roomId: number): void {
    const last = this.#sessions.get(roomId)?.timeline.getSnapshot().messages.at(-1);
    const at = last && Date.parse(last.createdAt);
    if (at === undefined || at === this.lastMessageAt.getSnapshot().get(roomId)) return;
    this.lastMessageAt.update((times) => new Map(times).set(roomId, at));
  }

  async #restore(): Promise<void> {
    const cached = await this.#vault.listRooms();
    if (cached.length === 0) return;
    for (const room of cached) this.#open(room.own).restore(room);
    this.#setRooms(cached.map((room) => myRoom(room.own)));
    for (const room of cached) this.#count(room.roomId);
  }

  #open({ room }: OwnRoom): RoomSession {
    const known = this.#sessions.get(room.id);
    if (known !== undefined) return known;
    const session = new RoomSession(room.id, this.user.getSnapshot().id, this.#socket, this.#rest, {
      onAccessLost: (roomId) => this.#remove({ roomId, reason: 'left' }),
      onJoined: ({ room, membership }) => {
        this.#roomIs(room);
        this.#membershipIs(membership);
      },
    });
    this.#sessions.set(room.id, session);
    this.#drafts.follow(session);
    session.timeline.subscribe(() => {
      this.#count(room.id);
      if (room.direct) this.#saidIn(room.id);
      this.#save(room.id);
    });
    session.members.state.subscribe(() => this.#membersKnown(room.id));
    session.apply({ type: 'queued', outgoing: this.#outgoingIn(room.id) });
    return session;
  }

  #connectionIs(state: ConnectionState): void {
    this.connection.set(state);
    if (state.kind !== 'connected') for (const session of this.#sessions.values()) session.onDisconnect();
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'connected':
        return this.#connected(frame.data);
      case 'message:new': {
        const { roomId, seq, message } = frame.data;
        const mine = seq > this.#cursorOf(roomId) ? this.myRoom(roomId) : undefined;
        this.#sessions.get(roomId)?.onMessageEvent(frame.data);
        if (mine !== undefined) this.notifications.onMessage(message, mine, this.user.getSnapshot().id);
        return undefined;
      }
      case 'message:edited':
      case 'message:deleted':
      case 'message:reaction':
        return this.#sessions.get(frame.data.roomId)?.onMessageEvent(frame.data);
      case 'room:updated':
        return this.#roomUpdated(frame.data.room);
      case 'room:removed':
        return this.#remove(frame.data);
      case 'presence:update':
        return this.#sessions.get(frame.data.roomId)?.onPresence(frame.data);
      case 'typing:update':
        return this.#sessions.get(frame.data.roomId)?.onTyping(frame.data.userIds);
      case 'read:updated': {
        const { roomId, lastRead, unread, mentions } = frame.data;
        const head = this.#cursorOf(roomId);
        return this.#patch(roomId, (mine) => ({ ...mine, lastRead: Math.max(mine.lastRead, lastRead), serverCount: { unread, mentions, head } }));
      }
      case 'room:added':
        return this.#added(frame.data);
      case 'membership:updated':
        return this.#membershipIs(frame.data.membership);
      case 'user:updated':
        return this.#userIs(frame.data.user);
      case 'pong':
        return this.#heads(frame.data.heads, frame.data.epoch);
      default:
        return undefined; // an answer that nobody waits for any more
    }
  }

  #userIs(user: User): void {
    const me = this.user.getSnapshot();
    if (user.id === me.id) this.user.set({ ...user, status: me.status });
    for (const session of this.#sessions.values()) session.setUser(user);
    const { id, username, displayName, avatarUrl } = user;
    const person = { id, username, displayName, avatarUrl };
    if (this.#list().some(({ room }) => room.with?.some((one) => one.id === id))) {
      this.#setRooms(this.#list().map((mine) => ({ ...mine, room: withMember(mine.room, person) })));
    }
  }

  #cursorOf(roomId: number): number {
    const cursor = this.#sessions.get(roomId)?.timeline.getSnapshot().cursor;
    return cursor?.kind === 'at' ? cursor.seq : 0;
  }

  #connected({ user, rooms, limits, epoch }: Connected): void {
    if (user.id !== this.user.getSnapshot().id) {
      this.#callbacks.onOtherUser(user);
      return;
    }
    this.user.set(user);
    this.limits.set(limits);
    this.#epoch = epoch;
    const now = new Set(rooms.map((own) => own.room.id));
    for (const roomId of [...this.#sessions.keys()]) if (!now.has(roomId)) this.#forget(roomId);
    for (const own of rooms) this.#open(own);
    this.#setRooms(rooms.map((own) => withKnown(myRoom(own), this.myRoom(own.room.id))));
    for (const own of rooms) {
      this.#count(own.room.id);
      void this.#sessions.get(own.room.id)?.join(own.room.head);
    }
    if (this.status.getSnapshot() !== 'online') this.#socket.notify('presence:set', { status: this.status.getSnapshot() });
    this.outbox.flush();
  }

  #heads(heads: Record<string, number>, epoch: string): void {
    const renewed = epoch !== '' && epoch !== this.#epoch;
    if (renewed) this.#epoch = epoch;
    for (const session of this.#sessions.values()) {
      if (renewed) void session.join();
      else session.onHead(heads[String(session.id)] ?? 0);
    }
  }

  #joined({ room, membership }: { room: Room; membership: Membership }): Room {
    this.#adopt(ownOf(room, membership));
    return room;
  }

  #adopt(own: OwnRoom): void {
    const others = this.#list().filter((mine) => mine.room.id !== own.room.id);
    const session = this.#open(own);
    this.#setRooms([...others, myRoom(own)]);
    void session.join();
    this.#tabs.broadcast({ kind: 'joined', roomId: own.room.id });
  }

  async #joinedElsewhere(roomId: number): Promise<void> {
    if (this.#sessions.has(roomId) || !this.#socket.connected) return;
    try {
      const { room, membership } = await this.#rest.joinRoom(roomId);
      if (this.#sessions.has(roomId)) return;
      const own = ownOf(room, membership);
      const session = this.#open(own);
      this.#setRooms([...this.#list(), myRoom(own)]);
      await session.join();
    } catch {
      // The next connection tells this tab its rooms anyway.
    }
  }

  /** This user became a member elsewhere. */
  #added({ room, membership }: RoomAdded): void {
    if (this.myRoom(room.id) === undefined) this.#adopt(ownOf(room, membership));
  }

  #membershipIs({ roomId, role, mutedUntil }: Membership): void {
    this.#patch(roomId, ({ room, lastRead, serverCount: counted }) => ({ room, role, lastRead, serverCount: counted, ...(mutedUntil ? { mutedUntil } : {}) }));
  }

  #roomIs(room: Room): void {
    this.#patch(room.id, (mine) => ({ ...mine, room }));
  }

  /** Roles are told in the same way, but not whose: where nothing else is new, look. */
  #roomUpdated(room: Room): void {
    const known = this.myRoom(room.id)?.room;
    this.#roomIs(room);
    const looksNew =
      known?.name !== room.name ||
      known.description !== room.description ||
      known.private !== room.private ||
      known.hasPassword !== room.hasPassword;
    if (!looksNew) void this.#sessions.get(room.id)?.members.load();
  }

  /** The list of members tells this user's own role too. */
  #membersKnown(roomId: number): void {
    const role = this.#sessions.get(roomId)?.members.roleOf(this.user.getSnapshot().id);
    if (role !== undefined && role !== this.myRoom(roomId)?.role) this.#patch(roomId, (mine) => ({ ...mine, role }));
  }

  #statusIs(status: OwnStatus): void {
    this.status.set(status);
    this.#socket.notify('presence:set', { status });
  }

  #remove({ roomId, reason }: RoomRemoved): void {
    const room = this.myRoom(roomId)?.room;
    if (room === undefined) return;
    const name = roomTitle(room, this.user.getSnapshot().id);
    if (reason === 'kicked') this.notices.show(`You were removed from ${name}.`);
    if (reason === 'deleted') this.notices.show(`${name} was deleted.`);
    this.#forget(roomId);
    this.#setRooms(this.#list().filter((mine) => mine.room.id !== roomId));
  }

  #forget(roomId: number): void {
    this.#sessions.get(roomId)?.close();
    this.#sessions.delete(roomId);
    clearTimeout(this.#saveTimers.get(roomId));
    this.#saveTimers.delete(roomId);
    this.#unsaved.delete(roomId);
    this.#drafts.forget(roomId);
    this.unread.update((counts) => new Map([...counts].filter(([id]) => id !== roomId)));
    this.#vault.removeRoom(roomId).catch(() => undefined);
  }

  #outgoingIn(roomId: number): Outgoing[] {
    return this.outbox.entries.getSnapshot().filter((entry) => entry.roomId === roomId).map(outgoing);
  }

  #showOutgoing(): void {
    for (const session of this.#sessions.values()) {
      session.apply({ type: 'queued', outgoing: this.#outgoingIn(session.id) });
    }
  }

  /** Keeps the newest page: at once, and once more after a burst of events. */
  #save(roomId: number): void {
    if (this.#saveTimers.has(roomId)) {
      this.#unsaved.add(roomId);
      return;
    }
    if (!this.#saveNow(roomId)) return;
    this.#saveTimers.set(roomId, setTimeout(() => {
      this.#saveTimers.delete(roomId);
      if (this.#unsaved.delete(roomId)) this.#save(roomId);
    }, SAVE_AFTER_MS));
  }

  /** Tells whether there was anything to keep. */
  #saveNow(roomId: number): boolean {
    const mine = this.myRoom(roomId);
    const session = this.#sessions.get(roomId);
    const page = session && cachedPage(session.timeline.getSnapshot());
    if (mine === undefined || page === undefined) return false;
    const own = ownRoom(mine, this.unread.getSnapshot().get(roomId) ?? nothingUnread);
    // The cache only makes a reload faster: that it cannot be written is no fault.
    this.#vault.putRoom({ roomId, own, ...page }).catch(() => undefined);
    return true;
  }

  #watchBrowser(): void {
    const online = () => this.#socket.retryNow();
    const offline = () => this.#socket.reconnect();
    const visible = () => {
      if (document.visibilityState === 'visible') this.#socket.retryNow();
    };
    const hide = () => {
      for (const roomId of this.#unsaved) this.#saveNow(roomId);
    };
    window.addEventListener('online', online);
    window.addEventListener('offline', offline);
    window.addEventListener('pagehide', hide);
    document.addEventListener('visibilitychange', visible);
    this.#stops.push(() => {
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
      window.removeEventListener('pagehide', hide);
      document.removeEventListener('visibilitychange', visible);
    });
  }
}

/** A room as it is for somebody who has just come. */
function ownOf(room: Room, { role, lastRead, mutedUntil }: Membership): OwnRoom {
  return { room, role, lastRead, ...nothingUnread, ...(mutedUntil ? { mutedUntil } : {}) };
}

function myRoom({ room, role, lastRead, unread, mentions, mutedUntil }: OwnRoom): MyRoom {
  return { room, role, lastRead, serverCount: { unread, mentions, head: room.head }, ...(mutedUntil ? { mutedUntil } : {}) };
}

function ownRoom({ room, role, lastRead, mutedUntil }: MyRoom, unread: Unread): OwnRoom {
  return { room, role, lastRead, ...unread, ...(mutedUntil ? { mutedUntil } : {}) };
}

/** A read mark only moves forward: the server may not have heard of ours. */
function withKnown(told: MyRoom, known: MyRoom | undefined): MyRoom {
  if (known === undefined || known.lastRead <= told.lastRead) return told;
  const counted = known.lastRead >= told.room.head ? { ...nothingUnread, head: told.room.head } : told.serverCount;
  return { ...told, lastRead: known.lastRead, serverCount: counted };
}

function outgoing({ cid, text, createdAt, replyTo, files, state }: OutboxEntry): Outgoing {
  const written = { cid, text, createdAt, ...(replyTo ? { replyTo } : {}), ...(files ? { files } : {}) };
  return state.kind === 'failed' ? { ...written, kind: 'failed', reason: state.reason } : { ...written, kind: 'pending' };
}
