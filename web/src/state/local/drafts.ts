import { decodeReply } from '../../protocol/wire.generated';
import { type Decode, number, object, optional, string, withDefault } from '../../protocol/guards';
import type { Reply } from '../../protocol/types';
import type { UserStorage } from './userStorage';
import type { Editing } from '../room/draft';
import type { RoomSession } from '../room/session';

/** What is written in a room and not sent. Its files are not kept: they lie on the person's disk. */
interface StoredDraft {
  text: string;
  replyTo?: Reply;
}

const decodeDraft = object<StoredDraft>({ text: withDefault(string, ''), replyTo: optional(decodeReply) });
const decodeEditing = object<Editing>({ messageId: number, text: string });

/**
 * Drafts keeps what is written in each room, from key to key, and shows it in the
 * user's other tabs: whoever wrote last is right, for only one of them has the
 * keyboard. A change of a message is kept too, but stays in its tab.
 */
export class DraftStorage {
  #kept: UserStorage;
  #sessions = new Map<number, RoomSession>();
  #restoring = false;

  constructor(kept: UserStorage) {
    this.#kept = kept;
  }

  /** Gives a room back what was written in it, and keeps what will be. */
  follow(session: RoomSession): void {
    this.#sessions.set(session.id, session);
    this.#restore(session, this.#kept.get(draftKey(session.id)));
    const editing = decodeStored(decodeEditing, this.#kept.get(editKey(session.id)));
    session.draft.editing.set(editing);
    session.draft.text.subscribe(() => this.#save(session));
    session.draft.replyTarget.subscribe(() => this.#save(session));
    session.draft.editing.subscribe(() => this.#kept.set(editKey(session.id), session.draft.editing.getSnapshot()));
  }

  /** Another tab has kept something. */
  onStorageChange(name: string, value: unknown): void {
    const session = this.#sessions.get(Number(/^draft\.(\d+)$/.exec(name)?.[1]));
    if (session !== undefined) this.#restore(session, value);
  }

  forget(roomId: number): void {
    this.#sessions.delete(roomId);
    this.#kept.set(draftKey(roomId), undefined);
    this.#kept.set(editKey(roomId), undefined);
  }

  #restore(session: RoomSession, value: unknown): void {
    const draft = decodeStored(decodeDraft, value);
    this.#restoring = true;
    session.draft.text.set(draft?.text ?? '');
    session.draft.replyTarget.set(draft?.replyTo);
    this.#restoring = false;
  }

  #save(session: RoomSession): void {
    // Half of what another tab wrote is not to be kept.
    if (this.#restoring) return;
    const text = session.draft.text.getSnapshot();
    const replyTo = session.draft.replyTarget.getSnapshot();
    this.#kept.set(draftKey(session.id), text === '' && replyTo === undefined ? undefined : { text, replyTo });
  }
}

const draftKey = (roomId: number) => `draft.${roomId}`;
const editKey = (roomId: number) => `edit.${roomId}`;

/** What cannot be read was kept by another version of this page. */
function decodeStored<T>(decode: Decode<T>, value: unknown): T | undefined {
  try {
    return value === undefined ? undefined : decode(value, 'kept');
  } catch {
    return undefined;
  }
}
