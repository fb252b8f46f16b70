import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import type { Member, User } from '../protocol/types';
import { allEmoji, type Emoji, emojiAt, emojiCandidates, loadEmoji } from '../state/emoji';
import { currentItems } from '../state/pagedResource';
import { type PartialToken, mentionCandidates, mentionAt, replaceToken, resolveMention } from '../state/room/mentions';
import type { RoomSession } from '../state/room/session';
import { isComposing } from './composition';
import { useChat } from './context';
import { useMe } from './useChatState';
import { useStore } from './useStore';

const DEBOUNCE_MS = 120;
/** A message is sent as typed if the members cannot be found in this time. */
const RESOLVE_TIMEOUT_MS = 2_000;

/** A completion of the token before the caret. */
export type Option = { kind: 'person'; user: User } | { kind: 'emoji'; emoji: Emoji };

/** An @name or :code before the caret. */
type Token = PartialToken & { kind: Option['kind'] };

/** The people and emoji that complete the token before the caret, and the selected one. */
export function useCompletion(session: RoomSession, text: string) {
  const me = useMe();
  const blocked = useStore(useChat().blocks.ids);
  const hidden = useMemo(() => new Set([...blocked, me.id]), [blocked, me.id]);
  const members = useStore(session.members.state);
  const found = useStore(session.memberSearch.state);
  const emoji = useStore(allEmoji);
  const [token, setToken] = useState<Token>();
  const [at, setAt] = useState(0);
  const options = useMemo((): Option[] => {
    if (token === undefined) return [];
    if (token.kind === 'emoji') return emojiCandidates(emoji, token.query).map((one) => ({ kind: 'emoji', emoji: one }));
    const known = new Map([...(found?.members ?? []), ...currentItems(members)].map((member) => [member.user.id, member]));
    return mentionCandidates([...known.values()], token.query, hidden).map((user) => ({ kind: 'person', user }));
  }, [token, found, members, emoji, hidden]);
  const open = options.length > 0;
  const chosen = Math.min(at, options.length - 1);

  // The server finds the members: a large room has more than are loaded.
  const name = token?.kind === 'person' ? token.query : undefined;
  useEffect(() => {
    if (name === undefined) return undefined;
    const timer = setTimeout(() => void session.memberSearch.find(name).catch(() => undefined), name === '' ? 0 : DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [name, session]);

  // The names of emoji are loaded only when something needs them. A failed attempt is repeated with the next code.
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

  /** Whether the members for the @name before the caret are not known yet. */
  const pending = name !== undefined && name !== '' && !open && found?.text !== name;

  /** Returns the text in which an @name that is pending is replaced by the member that it means, undefined if it may mean several. */
  async function resolve(): Promise<string | undefined> {
    if (!pending || token === undefined) return text;
    const timeout = new Promise<readonly Member[]>((done) => setTimeout(done, RESOLVE_TIMEOUT_MS, []));
    const members = await Promise.race([session.memberSearch.find(name).catch(() => []), timeout]);
    const meant = resolveMention(members, name, hidden);
    if (meant.kind === 'ambiguous') return undefined;
    return meant.kind === 'none' ? text : replaceToken(text, token, `@${meant.user.username}`).text;
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

  return { options, open, chosen, pending, resolve, update, accept, handleKeyDown, close: () => setToken(undefined) };
}

function tokenAt(text: string, caret: number): Token | undefined {
  const name = mentionAt(text, caret);
  if (name !== undefined) return { ...name, kind: 'person' };
  const code = emojiAt(text, caret);
  return code && { ...code, kind: 'emoji' };
}
