import { decodeReply } from '../../protocol/wire.generated';
import { type Decode, number, object, optional, string, withDefault } from '../../protocol/guards';
import type { Reply } from '../../protocol/types';
import type { UserStorage } from './userStorage';
import type { Editing } from '../room/draft';
import type { RoomSession } from '../room/session';

/** The stored part of a draft. Files are not stored: the user still has them. */
interface StoredDraft {
  text: string;
  replyTo?: Reply;
}

const decodeDraft = object<StoredDraft>({ text: withDefault(string, ''), replyTo: optional(decodeReply) });
const decodeEditing = object<Editing>({ messageId: number, text: string });

/**
 * DraftStorage stores the draft of each room on every key press and shows it in the
 * user's other tabs. The last write wins, because only one tab has the keyboard. An
 * edit is stored, too, but it is not shown in other tabs.
 */
export class DraftStorage {
  #storage: UserStorage;
  #sessions = new Map<number, RoomSession>();
  #restoring = false;

  constructor(storage: UserStorage) {
    this.#storage = storage;
  }

  /** Restores the draft of a room and stores its changes from now on. */
  follow(session: RoomSession): void {
    this.#sessions.set(session.id, session);
    this.#restore(session, this.#storage.get(draftKey(session.id)));
    const editing = decodeStored(decodeEditing, this.#storage.get(editKey(session.id)));
    session.draft.editing.set(editing);
    session.draft.text.subscribe(() => this.#save(session));
    session.draft.replyTarget.subscribe(() => this.#save(session));
    session.draft.editing.subscribe(() => this.#storage.set(editKey(session.id), session.draft.editing.getSnapshot()));
  }

  /** Shows a draft that another tab stored. */
  onStorageChange(name: string, value: unknown): void {
    const session = this.#sessions.get(Number(/^draft\.(\d+)$/.exec(name)?.[1]));
    if (session !== undefined) this.#restore(session, value);
  }

  forget(roomId: number): void {
    this.#sessions.delete(roomId);
    this.#storage.set(draftKey(roomId), undefined);
    this.#storage.set(editKey(roomId), undefined);
  }

  #restore(session: RoomSession, value: unknown): void {
    const draft = decodeStored(decodeDraft, value);
    this.#restoring = true;
    session.draft.text.set(draft?.text ?? '');
    session.draft.replyTarget.set(draft?.replyTo);
    this.#restoring = false;
  }

  #save(session: RoomSession): void {
    // Restoring sets two stores: do not store the state between them.
    if (this.#restoring) return;
    const text = session.draft.text.getSnapshot();
    const replyTo = session.draft.replyTarget.getSnapshot();
    this.#storage.set(draftKey(session.id), text === '' && replyTo === undefined ? undefined : { text, replyTo });
  }
}

const draftKey = (roomId: number) => `draft.${roomId}`;
const editKey = (roomId: number) => `edit.${roomId}`;

/** Returns undefined for a value that another version of the client stored in another format. */
function decodeStored<T>(decode: Decode<T>, value: unknown): T | undefined {
  try {
    return value === undefined ? undefined : decode(value, 'stored');
  } catch {
    return undefined;
  }
}
