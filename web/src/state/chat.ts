import type { Connected, Limits, Pong, Room, ServerFrame, User } from '../protocol/types';
import { decodeClientLimits } from '../protocol/wire.generated';
import type { RestClient } from '../transport/rest';
import { ChatSocket, type ConnectionState, type SocketOptions } from '../transport/socket';
import { Blocks } from './blocks';
import { databaseName, type LocalDatabase } from './local/database';
import { DraftStorage } from './local/drafts';
import { BrowserTabs, type Tabs } from './local/tabs';
import type { UserStorage } from './local/userStorage';
import { EmojiUse } from './emojiUse';
import { FirstRun } from './firstRun';
import { Notices } from './notices';
import { Notifications } from './notifications';
import { Outbox } from './outbox/outbox';
import { outboxTransport } from './outbox/transport';
import { UploadAllowanceState } from './outbox/uploadAllowance';
import { PagedResource } from './pagedResource';
import { Preferences } from './preferences';
import { Profile } from './profile';
import type { RoomSession } from './room/session';
import { Rooms } from './rooms';
import { Search } from './search';
import { Store } from './store';

export interface ChatCallbacks {
  /** The server ended the session. */
  onSessionEnded(): void;
  /** A connection was refused. The session may have ended. */
  onConnectFailed(): void;
  /** The socket belongs to another user, who signed in with the same browser. */
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

/**
 * Chat connects the parts of the client for one signed-in user and routes frames to
 * them. It exists from sign-in to sign-out.
 */
export class Chat {
  readonly connection = new Store<ConnectionState>({ kind: 'disconnected' });
  readonly limits = new Store<Limits>(decodeClientLimits({}, 'limits'));
  readonly profile: Profile;
  readonly rooms: Rooms;
  readonly blocks: Blocks;
  /** The last user whose profile has changed. */
  readonly changedUser = new Store<User | undefined>(undefined);
  readonly uploadAllowance: UploadAllowanceState;
  readonly notices = new Notices();
  readonly notifications: Notifications;
  readonly preferences: Preferences;
  readonly emojiUse: EmojiUse;
  readonly firstRun: FirstRun;
  /** The public rooms. The query is a part of the name. */
  readonly directory: PagedResource<Room, string>;
  readonly search: Search;
  readonly outbox: Outbox;
  readonly storage: UserStorage;
  readonly rest: RestClient;

  #drafts: DraftStorage;
  #tabs: Tabs;
  #socket: ChatSocket;
  #callbacks: ChatCallbacks;
  #epoch = '';
  #cleanups: (() => void)[] = [];

  constructor({ user, rest, db, storage, socket, callbacks, tabs }: ChatOptions) {
    this.rest = rest;
    this.storage = storage;
    this.#drafts = new DraftStorage(storage);
    this.notifications = new Notifications(storage);
    this.preferences = new Preferences(storage);
    this.emojiUse = new EmojiUse(storage);
    this.firstRun = new FirstRun(storage);
    this.blocks = new Blocks(rest, storage);
    this.#callbacks = callbacks;
    this.#tabs = tabs ?? new BrowserTabs(databaseName(user));
    this.directory = new PagedResource(async (text, cursor) => {
      const { rooms, nextCursor } = await rest.listRooms({ limit: 50, sort: 'members', direct: false, text: text.trim(), ...(cursor ? { cursor } : {}) });
      return { items: rooms.filter(({ direct }) => !direct), ...(nextCursor ? { next: nextCursor } : {}) };
    }, '');
    this.search = new Search(rest);
    this.uploadAllowance = new UploadAllowanceState(rest);
    this.#socket = new ChatSocket(
      {
        onState: (state) => this.#setConnection(state),
        onFrame: (frame) => this.#onFrame(frame),
        onSessionEnded: () => callbacks.onSessionEnded(),
        onConnectFailed: () => callbacks.onConnectFailed(),
      },
      socket,
    );
    this.profile = new Profile({ user, rest, socket: this.#socket, tabs: this.#tabs, onUser: (changed) => this.#setUser(changed) });
    this.outbox = new Outbox({
      db,
      tabs: this.#tabs,
      transport: outboxTransport(rest, this.#socket),
      onConfirmed: (confirmed) => this.rooms.session(confirmed.roomId)?.apply({ type: 'confirmed', confirmed }),
    });
    this.rooms = new Rooms({
      me: user.id,
      rest,
      socket: this.#socket,
      db,
      tabs: this.#tabs,
      drafts: this.#drafts,
      outbox: this.outbox,
      notices: this.notices,
      blocks: this.blocks,
    });
  }

  /** Shows what this browser stored, then connects. */
  async start(): Promise<void> {
    this.#cleanups.push(this.outbox.entries.subscribe(() => this.rooms.showOutgoing()));
    this.#tabs.onMessage((message) => {
      if (message.kind === 'outbox') void this.outbox.refresh();
      else if (message.kind === 'status') this.profile.applyStatus(message.status);
      else void this.rooms.onJoinedInOtherTab(message.roomId);
    });
    this.#cleanups.push(this.storage.watch((name, value) => {
      this.#drafts.onStorageChange(name, value);
      this.notifications.onStorageChange(name, value);
      this.preferences.onStorageChange(name, value);
      this.emojiUse.onStorageChange(name, value);
      this.firstRun.onStorageChange(name, value);
    }));
    await this.rooms.restore();
    await this.outbox.refresh();
    this.#cleanups.push(this.#watchBrowser());
    this.#socket.open();
  }

  /** Moves a draft into the outbox. If this browser cannot store it, the draft is restored. */
  async send(session: RoomSession): Promise<void> {
    const content = session.draft.consume();
    try {
      await this.outbox.add(session.id, content);
    } catch {
      session.draft.restore(content);
      this.notices.show('The message was not sent, because the storage of this browser is full.');
    }
  }

  retryConnection(): void {
    this.#socket.retryNow();
  }

  /** Reports whether this or another tab of the user has the focus. */
  isFocused(): Promise<boolean> {
    return this.#tabs.isFocused();
  }

  /** Closes the connection. Unsent messages stay in the database. */
  stop(): void {
    for (const cleanup of this.#cleanups) cleanup();
    this.#cleanups = [];
    this.rooms.close();
    this.outbox.close();
    this.#socket.close();
    this.#tabs.close();
  }

  #setConnection(state: ConnectionState): void {
    this.connection.set(state);
    if (state.kind !== 'connected') this.rooms.onDisconnected();
  }

  #setUser(user: User): void {
    this.changedUser.set(user);
    this.profile.setUser(user);
    this.rooms.setUser(user);
  }

  #onFrame(frame: ServerFrame): void {
    switch (frame.type) {
      case 'connected':
        return this.#onConnected(frame.data);
      case 'message:new': {
        const { roomId, seq, message } = frame.data;
        const mine = seq > this.rooms.cursorOf(roomId) ? this.rooms.get(roomId) : undefined;
        this.rooms.session(roomId)?.onMessageEvent(frame.data);
        if (mine !== undefined && !this.blocks.has(message.author.id)) this.notifications.onMessage(message, mine, this.profile.id);
        return undefined;
      }
      case 'message:edited':
      case 'message:deleted':
      case 'message:reaction':
        return this.rooms.session(frame.data.roomId)?.onMessageEvent(frame.data);
      case 'room:added':
        return this.rooms.onAdded(frame.data);
      case 'room:updated':
        return this.rooms.onRoomUpdated(frame.data.room);
      case 'room:removed':
        return this.rooms.onRemoved(frame.data);
      case 'membership:updated':
        return this.rooms.onMembership(frame.data.membership);
      case 'read:updated':
        return this.rooms.onReadUpdated(frame.data);
      case 'presence:update':
        return this.rooms.session(frame.data.roomId)?.onPresence(frame.data);
      case 'typing:update':
        return this.rooms.session(frame.data.roomId)?.onTyping(frame.data.userIds);
      case 'block:updated':
        return this.blocks.onUpdated(frame.data.userId, frame.data.blocked);
      case 'user:updated':
        return this.#setUser(frame.data.user);
      case 'pong':
        return this.#onPong(frame.data);
      default:
        return undefined; // a response to a request that has already timed out
    }
  }

  #onConnected({ user, rooms, limits, epoch, blocked }: Connected): void {
    if (user.id !== this.profile.id) {
      this.#callbacks.onOtherUser(user);
      return;
    }
    this.limits.set(limits);
    this.#epoch = epoch;
    if (blocked) this.blocks.onConnected(blocked); // earlier versions do not send it
    this.rooms.onConnected(rooms);
    this.profile.onConnected(user);
    this.outbox.flush();
  }

  #onPong({ heads, epoch }: Pong): void {
    const changed = epoch !== '' && epoch !== this.#epoch;
    if (changed) this.#epoch = epoch;
    for (const session of this.rooms.sessions()) {
      if (changed) void session.join();
      else session.onHead(heads[String(session.id)] ?? 0);
    }
  }

  #watchBrowser(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    window.addEventListener('online', () => this.#socket.retryNow(), { signal });
    window.addEventListener('offline', () => this.#socket.reconnect(), { signal });
    window.addEventListener('pagehide', () => this.rooms.flushCache(), { signal });
    window.addEventListener('focus', () => this.#socket.retryNow(), { signal });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#socket.retryNow();
    }, { signal });
    return () => stop.abort();
  }
}
