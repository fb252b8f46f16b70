import type { Ban, CreatedInvite, Invite, RoomChanges, Message, MessageEvent, PresenceUpdate, Reply, RoomJoined, User } from '../../protocol/types';
import { ApiError, errorMessage } from '../../transport/errors';
import type { NewInvite, RestClient } from '../../transport/rest';
import type { ChatSocket } from '../../transport/socket';
import { excerptOf } from './excerpt';
import { selectFiles, type FileLimits, type OutgoingFile, toOutgoingFile } from '../outbox/files';
import { Resource } from '../resource';
import { HistoryView } from './history';
import { Members } from './members';
import type { DraftContent } from '../outbox/outbox';
import { canEdit } from './permissions';
import { applyPresence, type Presence, presenceOf, unknownPresence } from './presence';
import { Store } from '../store';
import { applyEvent, emptyTimeline, hasGap, type Timeline, type TimelineEvent } from './timeline';
import type { CachedRoom } from '../local/database';

/** Whether the room's messages are there to be seen. */
export type LoadState = { kind: 'loading' } | { kind: 'ready' } | { kind: 'failed'; reason: string };
export type OlderState = { kind: 'idle' } | { kind: 'loading' } | { kind: 'failed'; reason: string };

/** A message of one's own that is being changed, with its text as it stands. */
export interface Editing {
  messageId: number;
  text: string;
}

export interface RoomCallbacks {
  /** The server does not let this user in any more. */
  onAccessLost(roomId: number): void;
  /** The server brought the room's present state along. */
  onJoined(joined: RoomJoined): void;
}

const PAGE_SIZE = 50;
const CHANGES_PAGE_SIZE = 100;
/** Being further behind than this, the newest page is the better start. */
const MAX_CATCH_UP = 400;
const MAX_FAILURES = 3;
const RETRY_DELAY_MS = 500;
/** The server ends typing after 5 s; this is for when its word is lost. */
const TYPING_TIMEOUT_MS = 6_000;
const TYPING_INTERVAL_MS = 2_000;
/** Further back than this one does not correct a slip. */
const EDIT_LAST_WITHIN = 60;

/** RoomSession is one of the user's rooms, live: it joins, catches up and fills holes. */
export class RoomSession {
  readonly id: number;
  readonly timeline: Store<Timeline>;
  readonly loadState = new Store<LoadState>({ kind: 'loading' });
  readonly older = new Store<OlderState>({ kind: 'idle' });
  readonly presence = new Store<Presence>(unknownPresence);
  readonly typing = new Store<readonly number[]>([]);
  /** What is written and not sent yet; it outlives a look into another room. */
  readonly draft = new Store('');
  /** What the draft answers. */
  readonly replyTarget = new Store<Reply | undefined>(undefined);
  /** What goes with the draft. */
  readonly files = new Store<readonly OutgoingFile[]>([]);
  /** Why some files do not. */
  readonly fileErrors = new Store<readonly string[]>([]);
  readonly editing = new Store<Editing | undefined>(undefined);
  readonly members: Members;
  readonly invites: Resource<Invite>;
  readonly bans: Resource<Ban>;
  /** Which part of the room is looked at. */
  readonly history: HistoryView;

  #socket: ChatSocket;
  #rest: RestClient;
  #callbacks: RoomCallbacks;
  #joining: 'no' | 'yes' = 'no';
  #catching: 'no' | 'yes' | 'again' = 'no';
  #closed = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #typedAt = 0;

  constructor(id: number, me: number, socket: ChatSocket, rest: RestClient, hooks: RoomCallbacks) {
    this.id = id;
    this.timeline = new Store(emptyTimeline(me));
    this.members = new Members(rest, id);
    this.invites = new Resource(() => rest.listInvites(id));
    this.bans = new Resource(async () => (await rest.listBans(id)).bans);
    this.#socket = socket;
    this.#rest = rest;
    this.#callbacks = hooks;
    this.history = new HistoryView(this.timeline, {
      around: (seq) => rest.listMessages(id, { around: seq }, PAGE_SIZE),
      before: (seq) => rest.listMessages(id, { before: seq }, PAGE_SIZE),
      after: (seq) => rest.listMessages(id, { after: seq }, PAGE_SIZE),
    }, (past) => this.apply({ type: 'older', messages: past.messages, hasMore: past.hasOlder }));
    this.timeline.subscribe(() => this.history.onTimelineChange());
  }

  /** Shows what an earlier page has kept. */
  restore(cached: CachedRoom): void {
    this.apply({ type: 'opened', messages: cached.messages, to: cached.seq, epoch: cached.epoch });
    this.timeline.update((t) => ({ ...t, hasOlder: cached.hasOlder }));
    this.loadState.set({ kind: 'ready' });
  }

  apply(event: TimelineEvent): void {
    this.timeline.update((t) => applyEvent(t, event));
  }

  /** Goes live on the present connection, from where this client stands. */
  async join(head?: number): Promise<void> {
    if (this.#closed || this.#joining === 'yes') return;
    this.#joining = 'yes';
    clearTimeout(this.#retryTimer);
    if (this.loadState.getSnapshot().kind === 'failed') this.loadState.set({ kind: 'loading' });
    try {
      await this.#join(head);
    } catch (error) {
      this.#joinFailed(error);
    } finally {
      this.#joining = 'no';
    }
    if (this.#behind(0)) void this.catchUp();
  }

  /** A durable change, as the socket brought it. */
  onMessageEvent(event: MessageEvent): void {
    this.apply({ type: 'changed', seq: event.seq, message: event.message });
    this.history.onMessageChange(event.message);
    if (event.message.deletedAt !== undefined && event.message.id === this.editing.getSnapshot()?.messageId) this.editing.set(undefined);
    if (this.#joining === 'no' && hasGap(this.timeline.getSnapshot())) void this.catchUp();
    if (event.message.kind === 'system' && this.members.asked) void this.members.load();
  }

  /** The pong told the room's head. */
  onHead(head: number): void {
    if (this.#joining === 'no' && this.#behind(head)) void this.catchUp();
  }

  onPresence(update: PresenceUpdate): void {
    this.presence.update((presence) => applyPresence(presence, update));
  }

  setUser(user: User): void {
    const { id, username, displayName, avatarUrl } = user;
    const author = { id, username, displayName, avatarUrl };
    this.apply({ type: 'author', author });
    this.history.setAuthor(author);
    this.members.setUser(user);
  }

  onTyping(userIds: number[]): void {
    clearTimeout(this.#typingTimer);
    this.typing.set(userIds);
    if (userIds.length > 0) this.#typingTimer = setTimeout(() => this.typing.set([]), TYPING_TIMEOUT_MS);
  }

  /** Tells the others that this user types, not more often than they care to know. */
  notifyTyping(): void {
    if (Date.now() - this.#typedAt < TYPING_INTERVAL_MS) return;
    this.#typedAt = Date.now();
    this.#socket.notify('typing:start', { roomId: this.id });
  }

  notifyStoppedTyping(): void {
    if (this.#typedAt === 0) return;
    this.#typedAt = 0;
    this.#socket.notify('typing:stop', { roomId: this.id });
  }

  /** Hands what is written to the outbox's care: the draft is empty again. */
  consumeDraft(): DraftContent {
    const taken = { text: this.draft.getSnapshot().trim(), replyTo: this.replyTarget.getSnapshot(), files: this.files.getSnapshot() };
    this.draft.set('');
    this.replyTarget.set(undefined);
    this.files.set([]);
    this.fileErrors.set([]);
    this.notifyStoppedTyping();
    return taken;
  }

  /** Puts what was taken before what was written since. */
  restoreDraft({ text, replyTo, files = [] }: DraftContent): void {
    this.draft.update((since) => [text, since].filter(Boolean).join('\n'));
    this.replyTarget.update((since) => since ?? replyTo);
    this.files.update((since) => [...files, ...since]);
  }

  async attach(files: readonly File[], limits: FileLimits): Promise<void> {
    const { taken, faults } = selectFiles(files, this.files.getSnapshot().length, limits);
    this.fileErrors.set(faults);
    const measured = await Promise.all(taken.map(toOutgoingFile));
    this.files.update((present) => [...present, ...measured].slice(0, limits.maxAttachments));
  }

  detach(file: OutgoingFile): void {
    this.files.update((files) => files.filter((one) => one !== file));
    this.fileErrors.set([]);
  }

  startReply(message: Message): void {
    const { id, seq, author } = message;
    this.replyTarget.set({ id, seq, author, excerpt: excerptOf(message) });
  }

  /** What was begun before is gone on with. */
  startEditing({ id, text }: Message): void {
    if (this.editing.getSnapshot()?.messageId !== id) this.editing.set({ messageId: id, text });
  }

  /** Starts to change this user's last message, where there is a recent one. */
  editLast(): void {
    const { messages, me } = this.timeline.getSnapshot();
    const last = messages.slice(-EDIT_LAST_WITHIN).findLast((message) => canEdit(me, message));
    if (last !== undefined) this.startEditing(last);
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

  /** The token is told once: the list does not bear it. */
  async invite(wish: NewInvite): Promise<CreatedInvite> {
    const created = await this.#rest.createInvite(this.id, wish);
    await this.invites.load();
    return created;
  }

  async revokeInvite(inviteId: number): Promise<void> {
    await this.#rest.revokeInvite(this.id, inviteId);
    await this.invites.load();
  }

  async unban(userId: number): Promise<void> {
    await this.#rest.unban(this.id, userId);
    await this.bans.load();
  }

  /** What somebody of the room is called, as far as it is known here. */
  nameOf(userId: number): string | undefined {
    const members = this.members.state.getSnapshot();
    const member = members.kind === 'unasked' ? undefined : members.members.find(({ user }) => user.id === userId)?.user;
    const person = member ?? this.timeline.getSnapshot().messages.findLast(({ author }) => author.id === userId)?.author;
    return person && (person.displayName || person.username);
  }

  /** What a member says of themselves, where the members have been read. */
  statusMessageOf(userId: number): string {
    const members = this.members.state.getSnapshot();
    const member = members.kind === 'unasked' ? undefined : members.members.find(({ user }) => user.id === userId);
    return member?.user.statusMessage ?? '';
  }

  onDisconnect(): void {
    clearTimeout(this.#retryTimer);
    this.apply({ type: 'interrupted' });
    this.presence.set(unknownPresence);
    this.onTyping([]);
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

  async #loadOlder(): Promise<void> {
    const { messages, hasOlder } = this.timeline.getSnapshot();
    const first = messages[0];
    if (!hasOlder || first === undefined) return;
    const page = await this.#rest.listMessages(this.id, { before: first.seq }, PAGE_SIZE);
    this.apply({ type: 'older', messages: page.messages, hasMore: page.hasMore });
  }

  /** Asks what changed since the cursor until nothing is missing. */
  async catchUp(): Promise<void> {
    if (this.#catching !== 'no') {
      this.#catching = 'again';
      return;
    }
    this.#catching = 'yes';
    let failures = 0;
    let more = true;
    while (more && !this.#closed && this.#socket.connected) {
      const before = this.timeline.getSnapshot().cursor;
      if (before.kind !== 'at') break;
      try {
        const changes = await this.#socket.request('room:changes', {
          roomId: this.id,
          since: before.seq,
          epoch: before.epoch,
          limit: CHANGES_PAGE_SIZE,
        });
        if (changes.reset) {
          this.#catching = 'no';
          return await this.#reload();
        }
        more = this.#caughtUp(changes);
        failures = changes.to > before.seq || !more ? 0 : failures + 1;
      } catch (error) {
        if (error instanceof ApiError && !error.retryable) break;
        if (error instanceof ApiError && error.code === 'RATE_LIMITED') {
          await pause(error.retryAfterMs ?? RETRY_DELAY_MS); // the connection is well
          continue;
        }
        failures += 1;
      }
      if (failures >= MAX_FAILURES) {
        this.#catching = 'no';
        this.#socket.reconnect();
        return;
      }
      if (failures > 0) await pause(RETRY_DELAY_MS * failures);
    }
    this.#catching = 'no';
  }

  close(): void {
    this.#closed = true;
    this.onDisconnect();
    clearTimeout(this.#typingTimer);
  }

  /** Tells whether to ask again. */
  #caughtUp(changes: RoomChanges): boolean {
    this.apply({ type: 'caught-up', changes });
    const again = this.#catching === 'again';
    this.#catching = 'yes';
    return changes.more || hasGap(this.timeline.getSnapshot()) || again;
  }

  #behind(head: number): boolean {
    const t = this.timeline.getSnapshot();
    return t.cursor.kind === 'at' && (hasGap(t) || head > t.cursor.seq);
  }

  async #join(head?: number): Promise<void> {
    const { cursor } = this.timeline.getSnapshot();
    const near = cursor.kind === 'at' && (head === undefined || head - cursor.seq <= MAX_CATCH_UP);
    const from = near ? { since: cursor.seq, epoch: cursor.epoch } : {};
    const limit = near ? CHANGES_PAGE_SIZE : PAGE_SIZE;
    const joined = await this.#socket.request('room:join', { roomId: this.id, limit, ...from });
    this.#callbacks.onJoined(joined);
    this.presence.set(joined.room.onlineCount === null ? unknownPresence : presenceOf(joined.online));
    if (this.members.asked) void this.members.load();
    // With a reset the server sends the newest page, as if nothing had been known.
    const anew = !near || joined.reset || joined.epoch !== cursor.epoch;
    if (anew) this.apply({ type: 'opened', messages: joined.messages, to: joined.to, epoch: joined.epoch });
    else this.apply({ type: 'caught-up', changes: joined });
    this.loadState.set({ kind: 'ready' });
    if (!anew && joined.more) void this.catchUp();
  }

  #joinFailed(error: unknown): void {
    if (!(error instanceof ApiError)) return; // the connection went: the next one joins again
    if (error.retryable) {
      this.#retryTimer = setTimeout(() => void this.join(), error.retryAfterMs ?? 1_000);
      return;
    }
    if (error.code === 'NOT_FOUND' || error.code === 'NOT_A_MEMBER' || error.code === 'FORBIDDEN') {
      this.#callbacks.onAccessLost(this.id);
      return;
    }
    this.loadState.set({ kind: 'failed', reason: errorMessage(error) });
  }

  async #reload(): Promise<void> {
    this.apply({ type: 'forgotten' });
    this.history.showLatest();
    this.loadState.set({ kind: 'loading' });
    await this.join();
  }
}

/** The part of a room that is worth keeping for the next page load. */
export function cachedPage(t: Timeline): { messages: Message[]; seq: number; epoch: string; hasOlder: boolean } | undefined {
  if (t.cursor.kind !== 'at') return undefined;
  const messages = t.messages.slice(-PAGE_SIZE);
  const { seq, epoch } = t.cursor;
  return { messages, seq, epoch, hasOlder: t.hasOlder || messages.length < t.messages.length };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
