import { decodeReply } from '../../protocol/decode';
import { type Decode, number, object, optional, string, withDefault } from '../../protocol/guards';
import type { Reply } from '../../protocol/types';
import type { Kept } from './userStorage';
import type { Editing, RoomSession } from '../room/session';

/** What is written in a room and not sent. Its files are not kept: they lie on the person's disk. */
interface Draft {
  text: string;
  replyTo?: Reply;
}

const decodeDraft = object<Draft>({ text: withDefault(string, ''), replyTo: optional(decodeReply) });
const decodeEditing = object<Editing>({ messageId: number, text: string });

/**
 * Drafts keeps what is written in each room, from key to key, and shows it in the
 * user's other tabs: whoever wrote last is right, for only one of them has the
 * keyboard. A change of a message is kept too, but stays in its tab.
 */
export class Drafts {
  #kept: Kept;
  #sessions = new Map<number, RoomSession>();
  #adopting = false;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  /** Gives a room back what was written in it, and keeps what will be. */
  follow(session: RoomSession): void {
    this.#sessions.set(session.id, session);
    this.#adopt(session, this.#kept.get(draftOf(session.id)));
    const editing = read(decodeEditing, this.#kept.get(editOf(session.id)));
    session.editing.set(editing);
    session.draft.subscribe(() => this.#keep(session));
    session.replyingTo.subscribe(() => this.#keep(session));
    session.editing.subscribe(() => this.#kept.set(editOf(session.id), session.editing.getSnapshot()));
  }

  /** Another tab has kept something. */
  changed(name: string, value: unknown): void {
    const session = this.#sessions.get(Number(/^draft\.(\d+)$/.exec(name)?.[1]));
    if (session !== undefined) this.#adopt(session, value);
  }

  forget(roomId: number): void {
    this.#sessions.delete(roomId);
    this.#kept.set(draftOf(roomId), undefined);
    this.#kept.set(editOf(roomId), undefined);
  }

  #adopt(session: RoomSession, value: unknown): void {
    const draft = read(decodeDraft, value);
    this.#adopting = true;
    session.draft.set(draft?.text ?? '');
    session.replyingTo.set(draft?.replyTo);
    this.#adopting = false;
  }

  #keep(session: RoomSession): void {
    // Half of what another tab wrote is not to be kept.
    if (this.#adopting) return;
    const text = session.draft.getSnapshot();
    const replyTo = session.replyingTo.getSnapshot();
    this.#kept.set(draftOf(session.id), text === '' && replyTo === undefined ? undefined : { text, replyTo });
  }
}

const draftOf = (roomId: number) => `draft.${roomId}`;
const editOf = (roomId: number) => `edit.${roomId}`;

/** What cannot be read was kept by another version of this page. */
function read<T>(decode: Decode<T>, value: unknown): T | undefined {
  try {
    return value === undefined ? undefined : decode(value, 'kept');
  } catch {
    return undefined;
  }
}
