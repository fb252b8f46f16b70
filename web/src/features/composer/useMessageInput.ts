import { type ChangeEvent, type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { isComposing } from '../../hooks/composition';
import { useChat } from '../../hooks/context';
import { type Option, useCompletion } from '../../hooks/useCompletion';
import { useFittingHeight } from '../../hooks/useFittingHeight';
import { useEnterSends } from '../../hooks/useEnterKey';
import { typeInto, useNativeText } from '../../hooks/useNativeText';
import { useStore, useText } from '../../hooks/useStore';
import { allEmoji, endsWithCode, isInFence, loadEmoji, replaceCode } from '../../state/emoji';
import type { RoomSession } from '../../state/room/session';

/** The text of the draft: typing, completion, the caret, and the keys that send or edit. */
export function useMessageInput(session: RoomSession, sendable: (text: string) => boolean) {
  const chat = useChat();
  const text = useText(session.draft.text);
  const input = useRef<HTMLTextAreaElement>(null);
  const completion = useCompletion(session, text);
  const enterSends = useEnterSends();
  /** Whether a send waits for the members that an @name may mean. */
  const resolving = useRef(false);

  useEffect(() => {
    // A user who types a code and Enter should not have to wait for the names (36 KB, cached).
    loadEmoji().catch(() => undefined);
  }, []);

  useEffect(() => {
    // On a phone the keyboard would cover the messages.
    if (window.matchMedia('(hover: hover)').matches) input.current?.focus();
    return () => session.draft.notifyStoppedTyping();
  }, [session]);

  const insertion = useStore(session.draft.insertion);
  useEffect(() => {
    if (insertion === '') return;
    session.draft.insertion.set('');
    insertWord(insertion);
  });

  useFocusOnReply(session, input);
  useNativeText(input, text);
  useFittingHeight(input, text);

  function changeText(next: string) {
    session.draft.text.set(next);
    if (next.trim() === '') session.draft.notifyStoppedTyping();
    else session.draft.notifyTyping();
  }

  function send() {
    if (!sendable(text) || resolving.current) return;
    if (completion.pending) {
      void sendResolved();
      return;
    }
    completion.close();
    void chat.send(session);
    input.current?.focus();
  }

  /** Sends a text that ends with an unfinished @name as soon as its member is known. If it may mean several, the user chooses. */
  async function sendResolved() {
    resolving.current = true;
    const resolved = await completion.resolve();
    resolving.current = false;
    if (resolved === undefined || session.draft.text.getSnapshot() !== text) return;
    session.draft.text.set(resolved);
    completion.close();
    void chat.send(session);
    input.current?.focus();
  }

  function complete(option: Option) {
    const next = completion.accept(option);
    if (next !== undefined) edit(next);
  }

  /** Replaces the selection by an emoji. */
  function insert(emoji: string) {
    const { selectionStart: from = text.length, selectionEnd: to = text.length } = input.current ?? {};
    edit({ text: text.slice(0, from) + emoji + text.slice(to), caret: from + emoji.length });
  }

  /** Inserts a word at the caret, with spaces around it. */
  function insertWord(word: string) {
    const caret = input.current?.selectionStart ?? text.length;
    const before = /(?:^|\s)$/.test(text.slice(0, caret)) ? '' : ' ';
    insert(`${before}${word} `);
  }

  function edit(next: { text: string; caret: number }) {
    if (input.current !== null) typeInto(input.current, next);
  }

  function handleChange(event: ChangeEvent<HTMLTextAreaElement>) {
    const { value, selectionStart } = event.target;
    // Only when characters are added: a user who deletes behind a code, or undoes its replacement, wants to keep the code.
    const added = value.length > text.length && !isUndo(event.nativeEvent);
    changeText(value);
    completion.update(value, selectionStart);
    if (added && endsWithCode(value, selectionStart)) void replaceWhenLoaded(value, selectionStart);
  }

  /** Replaces the complete code before the caret by its emoji, if the text is still the same when the names of emoji are loaded. */
  async function replaceWhenLoaded(value: string, position: number) {
    // The browser must have finished the input before the next one.
    await (allEmoji.getSnapshot().length > 0 ? undefined : loadEmoji().catch(() => undefined));
    const next = replaceCode(allEmoji.getSnapshot(), value, position);
    if (next !== undefined && session.draft.text.getSnapshot() === value) edit(next);
  }

  /** Where Enter sends, it still inserts a line break in a code block, as Shift+Enter does everywhere. */
  function sends({ shiftKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const area = input.current;
    if (ctrlKey || metaKey) return true;
    return enterSends && !shiftKey && !(area !== null && isInFence(text, area.selectionStart));
  }

  function handleKeyDown(event: KeyboardEvent) {
    // The key belongs to an input method that composes text.
    if (isComposing(event.nativeEvent)) return;
    const option = completion.handleKeyDown(event);
    if (option !== undefined) {
      if (option !== 'handled') complete(option);
      return;
    }
    if (event.key === 'Enter' && sends(event)) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && session.draft.replyTarget.getSnapshot() !== undefined) {
      event.stopPropagation();
      session.draft.replyTarget.set(undefined);
    } else if (event.key === 'ArrowUp' && !event.altKey && text === '') {
      event.preventDefault();
      session.draft.editLast();
    }
  }

  return { text, input, completion, enterSends, send, complete, insert, handleChange, handleKeyDown };
}

function isUndo(event: Event): boolean {
  return event instanceof InputEvent && event.inputType.startsWith('history');
}

/** Moves the focus into the text when the user starts a reply, but not when a draft with a reply is opened. */
function useFocusOnReply(session: RoomSession, input: RefObject<HTMLTextAreaElement | null>) {
  const target = useStore(session.draft.replyTarget);
  const [initialTarget] = useState(target);
  useEffect(() => {
    if (target !== undefined && target !== initialTarget) input.current?.focus();
  }, [input, target, initialTarget]);
}
