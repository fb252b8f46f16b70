import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import type { User } from '../protocol/types';
import { type Emoji, emojiAt, emojisFor } from '../state/emoji';
import { type PartialToken, mentionCandidates, mentionAt, replaceToken } from '../state/room/mentions';
import type { RoomSession } from '../state/room/session';
import { useMe } from './useChatState';
import { useStore } from './useStore';
import { currentItems } from '../state/pagedResource';

/** What may be meant by what stands before the caret. */
export type Option = { kind: 'person'; user: User } | { kind: 'emoji'; emoji: Emoji };

/** An @name or :code that is being written. */
type Writing = PartialToken & { kind: Option['kind'] };

/** The people and emoji that may be meant at the caret, and which of them is chosen. */
export function useCompletion(session: RoomSession, text: string) {
  const me = useMe();
  const members = useStore(session.members.state);
  const [writing, setWriting] = useState<Writing>();
  const [at, setAt] = useState(0);
  const options = useMemo((): Option[] => {
    if (writing === undefined) return [];
    if (writing.kind === 'emoji') return emojisFor(writing.query).map((emoji) => ({ kind: 'emoji', emoji }));
    return mentionCandidates(currentItems(members), writing.query, me.id).map((user) => ({ kind: 'person', user }));
  }, [writing, members, me.id]);
  const open = options.length > 0;
  const chosen = Math.min(at, options.length - 1);

  // The panel of members may never have been open.
  const naming = writing?.kind === 'person';
  useEffect(() => {
    if (naming && !session.members.requested) void session.members.load();
  }, [naming, session]);

  /** What is written, and where the caret stands in it. */
  function look(next: string, caret: number) {
    const now = writingAt(next, caret);
    if (now?.kind === writing?.kind && now?.start === writing?.start && now?.query === writing?.query) return;
    setWriting(now);
    setAt(0);
  }

  function take(option: Option): { text: string; caret: number } | undefined {
    setWriting(undefined);
    return writing && replaceToken(text, writing, option.kind === 'person' ? `@${option.user.username}` : option.emoji.char);
  }

  /** Which option a key takes; undefined where the key is not for us, 'kept' where it is done with. */
  function handleKeyDown(event: KeyboardEvent): Option | 'kept' | undefined {
    if (!open || event.nativeEvent.isComposing) return undefined;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((chosen + step + options.length) % options.length);
    else if (event.key === 'Escape') setWriting(undefined);
    else if ((event.key !== 'Enter' && event.key !== 'Tab') || event.shiftKey) return undefined;
    event.preventDefault();
    event.stopPropagation();
    return event.key === 'Enter' || event.key === 'Tab' ? options[chosen] : 'kept';
  }

  return { options, open, chosen, look, take, handleKeyDown, close: () => setWriting(undefined) };
}

function writingAt(text: string, caret: number): Writing | undefined {
  const name = mentionAt(text, caret);
  if (name !== undefined) return { ...name, kind: 'person' };
  const code = emojiAt(text, caret);
  return code && { ...code, kind: 'emoji' };
}
