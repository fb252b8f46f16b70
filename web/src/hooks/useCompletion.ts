import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import type { User } from '../protocol/types';
import { allEmoji, type Emoji, emojiAt, emojiCandidates, loadEmoji } from '../state/emoji';
import { currentItems } from '../state/pagedResource';
import { type PartialToken, mentionCandidates, mentionAt, replaceToken } from '../state/room/mentions';
import type { RoomSession } from '../state/room/session';
import { isComposing } from './composition';
import { useMe } from './useChatState';
import { useStore } from './useStore';

/** A completion of the token before the caret. */
export type Option = { kind: 'person'; user: User } | { kind: 'emoji'; emoji: Emoji };

/** An @name or :code before the caret. */
type Token = PartialToken & { kind: Option['kind'] };

/** The people and emoji that complete the token before the caret, and the selected one. */
export function useCompletion(session: RoomSession, text: string) {
  const me = useMe();
  const members = useStore(session.members.state);
  const emoji = useStore(allEmoji);
  const [token, setToken] = useState<Token>();
  const [at, setAt] = useState(0);
  const options = useMemo((): Option[] => {
    if (token === undefined) return [];
    if (token.kind === 'emoji') return emojiCandidates(emoji, token.query).map((one) => ({ kind: 'emoji', emoji: one }));
    return mentionCandidates(currentItems(members), token.query, me.id).map((user) => ({ kind: 'person', user }));
  }, [token, members, emoji, me.id]);
  const open = options.length > 0;
  const chosen = Math.min(at, options.length - 1);

  // The members are loaded only when something needs them.
  const naming = token?.kind === 'person';
  useEffect(() => {
    if (naming && !session.members.requested) void session.members.load();
  }, [naming, session]);

  // So are the names of emoji. A failed attempt is repeated with the next code.
  const coding = token?.kind === 'emoji';
  useEffect(() => {
    if (coding) loadEmoji().catch(() => undefined);
  }, [coding]);

  /** Reads the token before the caret. */
  function update(next: string, caret: number) {
    const now = tokenAt(next, caret);
    if (now?.kind === token?.kind && now?.start === token?.start && now?.query === token?.query) return;
    setToken(now);
    setAt(0);
  }

  /** Closes the list and returns the text in which the option replaces the token. */
  function accept(option: Option): { text: string; caret: number } | undefined {
    setToken(undefined);
    return token && replaceToken(text, token, option.kind === 'person' ? `@${option.user.username}` : option.emoji.char);
  }

  /** Returns the option that a key accepts, 'handled' for another key of the list, and undefined for any other key. */
  function handleKeyDown(event: KeyboardEvent): Option | 'handled' | undefined {
    if (!open || isComposing(event.nativeEvent)) return undefined;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((chosen + step + options.length) % options.length);
    else if (event.key === 'Escape') setToken(undefined);
    else if ((event.key !== 'Enter' && event.key !== 'Tab') || event.shiftKey) return undefined;
    event.preventDefault();
    event.stopPropagation();
    return event.key === 'Enter' || event.key === 'Tab' ? options[chosen] : 'handled';
  }

  return { options, open, chosen, update, accept, handleKeyDown, close: () => setToken(undefined) };
}

function tokenAt(text: string, caret: number): Token | undefined {
  const name = mentionAt(text, caret);
  if (name !== undefined) return { ...name, kind: 'person' };
  const code = emojiAt(text, caret);
  return code && { ...code, kind: 'emoji' };
}
