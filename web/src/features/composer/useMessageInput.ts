import { type ChangeEvent, type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { isComposing } from '../../hooks/composition';
import { useChat } from '../../hooks/context';
import { type Option, useCompletion } from '../../hooks/useCompletion';
import { useFittingHeight } from '../../hooks/useFittingHeight';
import { useStore, useText } from '../../hooks/useStore';
import { allEmoji, endsWithCode, isInFence, loadEmoji, replaceCode } from '../../state/emoji';
import type { RoomSession } from '../../state/room/session';

/** The text of the draft: typing, completion, the caret, and the keys that send or edit. */
export function useMessageInput(session: RoomSession, sendable: (text: string) => boolean) {
  const chat = useChat();
  const text = useText(session.draft.text);
  const input = useRef<HTMLTextAreaElement>(null);
  const completion = useCompletion(session, text);
  /** The caret position to set after the next change of the text. */
  const caret = useRef<number>(undefined);

  useEffect(() => {
    // A user who types a code and Enter should not have to wait for the names (36 KB, cached).
    loadEmoji().catch(() => undefined);
  }, []);

  useEffect(() => {
    // On a phone the keyboard would cover the messages.
    if (window.matchMedia('(hover: hover)').matches) input.current?.focus();
    return () => session.draft.notifyStoppedTyping();
  }, [session]);

  useFocusOnReply(session, input);
  useFittingHeight(input, text);

  useLayoutEffect(() => {
    const area = input.current;
    if (area === null) return;
    if (caret.current !== undefined) {
      area.focus();
      area.setSelectionRange(caret.current, caret.current);
    }
    caret.current = undefined;
  }, [text]);

  function changeText(next: string) {
    session.draft.text.set(next);
    if (next.trim() === '') session.draft.notifyStoppedTyping();
    else session.draft.notifyTyping();
  }

  function send() {
    if (!sendable(text)) return;
    completion.close();
    void chat.send(session);
    input.current?.focus();
  }

  function complete(option: Option) {
    const next = completion.accept(option);
    if (next === undefined) return;
    caret.current = next.caret;
    changeText(next.text);
  }

  /** Replaces the selection by an emoji. */
  function insert(emoji: string) {
    const { selectionStart: from = text.length, selectionEnd: to = text.length } = input.current ?? {};
    caret.current = from + emoji.length;
    changeText(text.slice(0, from) + emoji + text.slice(to));
  }

  function handleChange(event: ChangeEvent<HTMLTextAreaElement>) {
    const { value, selectionStart } = event.target;
    // Replace a code by its emoji only when characters are added: a user who deletes behind a code wants to keep the code.
    const next = value.length > text.length ? replaceCode(allEmoji.getSnapshot(), value, selectionStart) : undefined;
    caret.current = next?.caret;
    changeText(next?.text ?? value);
    completion.update(next?.text ?? value, next?.caret ?? selectionStart);
    if (next === undefined && value.length > text.length && endsWithCode(value, selectionStart)) void replaceWhenLoaded(value, selectionStart);
  }

  /** Replaces a code that was completed before the names of emoji were loaded, if the text is still the same then. */
  async function replaceWhenLoaded(value: string, position: number) {
    if (allEmoji.getSnapshot().length > 0) return;
    await loadEmoji().catch(() => undefined);
    const next = replaceCode(allEmoji.getSnapshot(), value, position);
    if (next === undefined || session.draft.text.getSnapshot() !== value) return;
    caret.current = next.caret;
    changeText(next.text);
  }

  /** In a code block Enter inserts a line break, as Shift+Enter does everywhere. */
  function sends({ shiftKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const area = input.current;
    if (ctrlKey || metaKey) return true;
    return !shiftKey && !(area !== null && isInFence(text, area.selectionStart));
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

  return { text, input, completion, send, complete, insert, handleChange, handleKeyDown };
}

/** Moves the focus into the text when the user starts a reply, but not when a draft with a reply is opened. */
function useFocusOnReply(session: RoomSession, input: RefObject<HTMLTextAreaElement | null>) {
  const target = useStore(session.draft.replyTarget);
  const [initialTarget] = useState(target);
  useEffect(() => {
    if (target !== undefined && target !== initialTarget) input.current?.focus();
  }, [input, target, initialTarget]);
}
