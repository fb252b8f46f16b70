import type { Message, Reply } from '../../protocol/types';
import type { ChatSocket } from '../../transport/socket';
import { type FileLimits, type OutgoingFile, selectFiles, toOutgoingFile } from '../outbox/files';
import type { DraftContent } from '../outbox/outbox';
import { Store } from '../store';
import { excerptOf } from './excerpt';
import { canEdit } from './permissions';
import type { Timeline } from './timeline';

/** An edit of one of the user's own messages that is not sent yet. */
export interface Editing {
  messageId: number;
  text: string;
}

/** A typing notification is repeated at most this often. */
const TYPING_INTERVAL_MS = 2_000;
/** Arrow up edits the user's last message only if it is among this many. */
const EDIT_LAST_WITHIN = 60;

/** Draft is what the user writes in a room: an unsent message with its files, or an edit. It is kept while other rooms are displayed. */
export class Draft {
  readonly text = new Store('');
  /** The message that the draft replies to. */
  readonly replyTarget = new Store<Reply | undefined>(undefined);
  readonly files = new Store<readonly OutgoingFile[]>([]);
  /** Why files were not attached. */
  readonly fileErrors = new Store<readonly string[]>([]);
  /** A text that is still to be inserted where the caret is. */
  readonly insertion = new Store('');
  readonly editing = new Store<Editing | undefined>(undefined);
  #roomId: number;
  #timeline: Store<Timeline>;
  #socket: ChatSocket;
  #typedAt = 0;

  constructor(roomId: number, timeline: Store<Timeline>, socket: ChatSocket) {
    this.#roomId = roomId;
    this.#timeline = timeline;
    this.#socket = socket;
  }

  /** Returns the content of the draft and clears it. */
  consume(): DraftContent {
    const content = { text: trimText(this.text.getSnapshot()), replyTo: this.replyTarget.getSnapshot(), files: this.files.getSnapshot() };
    this.text.set('');
    this.replyTarget.set(undefined);
    this.files.set([]);
    this.fileErrors.set([]);
    this.notifyStoppedTyping();
    return content;
  }

  /** Puts consumed content back, in front of what was written since. */
  restore({ text, replyTo, files = [] }: DraftContent): void {
    this.text.update((since) => [text, since].filter(Boolean).join('\n'));
    this.replyTarget.update((since) => since ?? replyTo);
    this.files.update((since) => [...files, ...since]);
  }

  /** Inserts a word where the caret is in the composer. */
  insert(word: string): void {
    this.insertion.set(word);
  }

  async attach(files: readonly File[], limits: FileLimits): Promise<void> {
    const { accepted, errors } = selectFiles(files, this.files.getSnapshot().length, limits);
    this.fileErrors.set(errors);
    const measured = await Promise.all(accepted.map(toOutgoingFile));
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

  /** Starts an edit. An edit of the same message that is already started continues. */
  startEditing({ id, text }: Message): void {
    if (this.editing.getSnapshot()?.messageId !== id) this.editing.set({ messageId: id, text });
  }

  /** Starts an edit of the user's last message if it is recent. */
  editLast(): void {
    const { messages, me } = this.#timeline.getSnapshot();
    const last = messages.slice(-EDIT_LAST_WITHIN).findLast((message) => canEdit(me, message));
    if (last !== undefined) this.startEditing(last);
  }

  /** Ends the edit of a deleted message. */
  onMessageDeleted(messageId: number): void {
    if (messageId === this.editing.getSnapshot()?.messageId) this.editing.set(undefined);
  }

  /** Notifies the room that the user is typing, at most every TYPING_INTERVAL_MS. */
  notifyTyping(): void {
    if (Date.now() - this.#typedAt < TYPING_INTERVAL_MS) return;
    this.#typedAt = Date.now();
    this.#socket.notify('typing:start', { roomId: this.#roomId });
  }

  notifyStoppedTyping(): void {
    if (this.#typedAt === 0) return;
    this.#typedAt = 0;
    this.#socket.notify('typing:stop', { roomId: this.#roomId });
  }
}

/**
 * Trims a message as the server does: the first line keeps its indentation if other lines follow, which are
 * aligned with it, or if it is as wide as that of code.
 */
export function trimText(text: string): string {
  const trimmed = text.trimEnd().replace(/^(?:[^\S\n]*\n)+/, '');
  const indentation = /^\s*/.exec(trimmed)?.[0] ?? '';
  const isWide = indentation.replaceAll('\t', '    ').length >= 4;
  return isWide || trimmed.includes('\n') ? trimmed : trimmed.trimStart();
}
