import type { Author, Message, MessageEvent, PresenceUpdate, RoomJoined, User } from '../../protocol/types';
import { errorMessage } from '../../transport/errors';
import type { RestClient } from '../../transport/rest';
import type { ChatSocket } from '../../transport/socket';
import type { CachedRoom } from '../local/database';
import type { RequestState } from '../resource';
import { Store } from '../store';
import { RoomAdmin } from './admin';
import { Draft } from './draft';
import { HistoryView } from './history';
import { Members } from './members';
import { MemberSearch } from './memberSearch';
import { applyPresence, type Presence, presenceOf, unknownPresence } from './presence';
import { RoomSync } from './sync';
import { applyEvent, emptyTimeline, type Timeline, type TimelineEvent } from './timeline';

/** The part of a room that is on the screen. */
export type DisplayedPart = 'none' | 'end' | 'elsewhere';

export interface RoomCallbacks {
  /** The user is no longer a member of the room. */
  onAccessLost(roomId: number): void;
  /** The server sent the current state of the room. */
  onJoined(joined: RoomJoined): void;
}

const PAGE_SIZE = 50;
/** At the end of a busy room no more than this many messages stay loaded. When they do, only the newest half stays. */
const MAX_MESSAGES = 1_000;
/** The server ends typing after 5 s. This timeout applies if its message is lost. */
const TYPING_TIMEOUT_MS = 6_000;

/** RoomSession is the live state of one of the user's rooms. */
export class RoomSession {
  readonly id: number;
  readonly timeline: Store<Timeline>;
  /** The request for messages before the first loaded one. */
  readonly older = new Store<RequestState>({ kind: 'idle' });
  readonly presence = new Store<Presence>(unknownPresence);
  /** The users that are typing. */
  readonly typing = new Store<readonly number[]>([]);
  /** The last message that was read before the line above new messages; undefined without a line. */
  readonly readBefore = new Store<number | undefined>(undefined);
  readonly draft: Draft;
  readonly members: Members;
  /** Finds members for completions. */
  readonly memberSearch: MemberSearch;
  readonly admin: RoomAdmin;
  /** Which part of the room is displayed. */
  readonly history: HistoryView;

  #sync: RoomSync;
  #socket: ChatSocket;
  #rest: RestClient;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #changedLive = false;
  #view: DisplayedPart = 'none';

  constructor(id: number, me: number, socket: ChatSocket, rest: RestClient, callbacks: RoomCallbacks) {
    this.id = id;
    this.timeline = new Store(emptyTimeline(me));
    this.members = new Members(rest, id);
    this.memberSearch = new MemberSearch(rest, id);
    this.admin = new RoomAdmin(id, rest);
    this.draft = new Draft(id, this.timeline, socket);
    this.#socket = socket;
    this.#rest = rest;
    this.history = new HistoryView(this.timeline, {
      around: (seq) => rest.listMessages(id, { around: seq }, PAGE_SIZE),
      before: (seq) => rest.listMessages(id, { before: seq }, PAGE_SIZE),
      after: (seq) => rest.listMessages(id, { after: seq }, PAGE_SIZE),
    }, (range) => this.apply({ type: 'older', messages: range.messages, hasMore: range.hasOlder }));
    this.timeline.subscribe(() => this.history.onTimelineChange());
    this.#sync = new RoomSync(id, socket, {
      timeline: this.timeline,
      apply: (event) => this.apply(event),
      onJoined: (joined) => this.#onJoined(joined, callbacks),
      onReset: () => this.history.showLatest(),
      onAccessLost: () => callbacks.onAccessLost(id),
    });
  }

  get loadState(): RoomSync['loadState'] {
    return this.#sync.loadState;
  }

  /** Shows the messages that an earlier page stored. */
  restore(cached: CachedRoom): void {
    this.apply({ type: 'opened', messages: cached.messages, to: cached.seq, epoch: cached.epoch });
    this.timeline.update((t) => ({ ...t, hasOlder: cached.hasOlder }));
    this.loadState.set({ kind: 'ready' });
  }

  /** The number of the last known change, or 0. */
  get cursor(): number {
    const { cursor } = this.timeline.getSnapshot();
    return cursor.kind === 'at' ? cursor.seq : 0;
  }

  /** Reports whether the last change arrived when it was made. Others were missed: the page was closed or not connected. */
  get changedLive(): boolean {
    return this.#changedLive;
  }

  /** Reports whether so many messages are loaded that the oldest are to be unloaded. The user must not be reading them. */
  get isTooLong(): boolean {
    return this.view !== 'elsewhere' && this.timeline.getSnapshot().messages.length > MAX_MESSAGES;
  }

  /** Which part of the room is on the screen. */
  get view(): DisplayedPart {
    return this.#view;
  }

  setView(view: DisplayedPart): void {
    this.#view = view;
  }

  trim(): void {
    this.apply({ type: 'trimmed', keep: MAX_MESSAGES / 2 });
  }

  apply(event: TimelineEvent): void {
    this.#changedLive = event.type === 'changed';
    this.timeline.update((t) => applyEvent(t, event));
  }

  /** Subscribes to the room on the current connection. */
  join(head?: number): Promise<void> {
    return this.#sync.join(head);
  }

  onMessageEvent({ seq, message }: MessageEvent): void {
    this.apply({ type: 'changed', seq, message });
    this.history.onMessageChange(message);
    if (message.deletedAt !== undefined) this.draft.onMessageDeleted(message.id);
    this.#sync.onMessageEvent();
    if (message.kind === 'system' && this.members.requested) void this.members.load();
  }

  /** Handles the last number of the room, which a pong contains. */
  onHead(head: number): void {
    this.#sync.onHead(head);
  }

  onPresence(update: PresenceUpdate): void {
    this.presence.update((presence) => applyPresence(presence, update));
  }

  onTyping(userIds: number[]): void {
    clearTimeout(this.#typingTimer);
    this.typing.set(userIds);
    if (userIds.length > 0) this.#typingTimer = setTimeout(() => this.typing.set([]), TYPING_TIMEOUT_MS);
  }

  onDisconnect(): void {
    this.#sync.onDisconnect();
    this.apply({ type: 'interrupted' });
    this.presence.set(unknownPresence);
    this.onTyping([]);
  }

  /** Applies a changed profile to messages and members. */
  setUser(user: User): void {
    const { id, username, displayName, avatarUrl } = user;
    const author: Author = { id, username, displayName, avatarUrl };
    this.apply({ type: 'author', author });
    this.history.setAuthor(author);
    this.members.setUser(user);
  }

  async edit(messageId: number, text: string): Promise<void> {
    await this.#socket.request('message:edit', { messageId, text });
  }

  async deleteMessage(messageId: number): Promise<void> {
    await this.#socket.request('message:delete', { messageId });
  }

  async react(messageId: number, emoji: string, on: boolean): Promise<void> {
    await this.#socket.request('message:react', { messageId, emoji, on });
  }

  /** Returns a user of the room, if it is known here. */
  personOf(userId: number): Author | undefined {
    return this.members.find(userId)?.user ?? this.#lastMessageOf(userId)?.author;
  }

  /** Returns the display name of a user of the room, if it is known here. */
  nameOf(userId: number): string | undefined {
    const user = this.personOf(userId);
    return user && (user.displayName || user.username);
  }

  /** Returns the status message of a member, or '' if it is unknown. */
  statusMessageOf(userId: number): string {
    return this.members.find(userId)?.user.statusMessage ?? '';
  }

  async loadOlder(): Promise<void> {
    if (this.older.getSnapshot().kind === 'loading') return;
    this.older.set({ kind: 'loading' });
    try {
      if (!(await this.history.loadOlder())) await this.#loadOlder();
      this.older.set({ kind: 'idle' });
    } catch (error) {
      this.older.set({ kind: 'failed', reason: errorMessage(error) });
    }
  }

  close(): void {
    this.#sync.close();
    this.onDisconnect();
    clearTimeout(this.#typingTimer);
  }

  async #loadOlder(): Promise<void> {
    const { messages, hasOlder } = this.timeline.getSnapshot();
    const first = messages[0];
    if (!hasOlder || first === undefined) return;
    const page = await this.#rest.listMessages(this.id, { before: first.seq }, PAGE_SIZE);
    this.apply({ type: 'older', messages: page.messages, hasMore: page.hasMore });
  }

  #onJoined(joined: RoomJoined, callbacks: RoomCallbacks): void {
    callbacks.onJoined(joined);
    this.presence.set(joined.room.onlineCount === null ? unknownPresence : presenceOf(joined.online));
    if (this.members.requested) void this.members.load();
  }

  #lastMessageOf(userId: number): Message | undefined {
    return this.timeline.getSnapshot().messages.findLast(({ author }) => author.id === userId);
  }
}

/** Returns the part of a timeline that is stored for the next page load; undefined before the first join. */
export function cachedPage(t: Timeline): Pick<CachedRoom, 'messages' | 'seq' | 'epoch' | 'hasOlder'> | undefined {
  if (t.cursor.kind !== 'at') return undefined;
  const messages = t.messages.slice(-PAGE_SIZE);
  const { seq, epoch } = t.cursor;
  return { messages, seq, epoch, hasOlder: t.hasOlder || messages.length < t.messages.length };
}
