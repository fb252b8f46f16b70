import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useLimits } from '../../hooks/useChatState';
import { type Option, useCompletion } from '../../hooks/useCompletion';
import { useStore } from '../../hooks/useStore';
import { drawn, isInFence } from '../../state/emoji';
import { formatSize } from '../../state/outbox/files';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { CompletionList, optionId } from '../../ui/CompletionList';
import { EmojiPicker } from '../emoji/EmojiPicker';
import { Icon } from '../../ui/Icon';
import { FileTray } from '../files/OutgoingFiles';
import { classNames } from '../../ui/classNames';
import styles from './Composer.module.css';

/** From so many characters before the end on, the count is shown. */
const NEAR_END = 200;

export function Composer({ session, roomName }: { session: RoomSession; roomName: string }) {
  const chat = useChat();
  const text = useStore(session.draft.text);
  const replyTo = useStore(session.draft.replyTarget);
  const files = useStore(session.draft.files);
  const faults = useStore(session.draft.fileErrors);
  const limits = useLimits();
  const completion = useCompletion(session, text);
  const listId = useId();
  const caret = useRef<number>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const [picking, setPicking] = useState<HTMLElement>();
  const left = limits.maxMessageLength - Array.from(text.trim()).length;
  const sendable = (text.trim() !== '' || files.length > 0) && left >= 0;

  // On a phone the keyboard would cover what one came to read.
  useEffect(() => {
    if (window.matchMedia('(hover: hover)').matches) input.current?.focus();
    return () => session.draft.notifyStoppedTyping();
  }, [session]);

  // Who answers goes on writing; who comes back to an answer decides by themselves.
  const [repliedBefore] = useState(replyTo);
  useEffect(() => {
    if (replyTo !== undefined && replyTo !== repliedBefore) input.current?.focus();
  }, [replyTo, repliedBefore]);

  useLayoutEffect(() => {
    const area = input.current;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
    if (caret.current !== undefined) {
      area.focus();
      area.setSelectionRange(caret.current, caret.current);
    }
    caret.current = undefined;
  }, [text]);

  function send() {
    if (!sendable) return;
    completion.close();
    void chat.send(session);
    input.current?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  function handleKeyDown(event: KeyboardEvent) {
    // A key that ends an input method's composition is not meant for us.
    if (event.nativeEvent.isComposing) return;
    const option = completion.handleKeyDown(event);
    if (option !== undefined) {
      if (option !== 'kept') complete(option);
      return;
    }
    if (event.key === 'Enter' && sends(event)) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && replyTo !== undefined) {
      event.stopPropagation();
      session.draft.replyTarget.set(undefined);
    } else if (event.key === 'ArrowUp' && !event.altKey && text === '') {
      event.preventDefault();
      session.draft.editLast();
    }
  }

  /** In a block of code Enter makes a line, as it does with Shift. */
  function sends({ shiftKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const area = input.current;
    if (ctrlKey || metaKey) return true;
    return !shiftKey && !(area !== null && isInFence(text, area.selectionStart));
  }

  function complete(option: Option) {
    const next = completion.take(option);
    if (next === undefined) return;
    caret.current = next.caret;
    typed(next.text);
  }

  /** Puts an emoji in the place of what is selected. */
  function insert(emoji: string) {
    const { selectionStart: from = text.length, selectionEnd: to = text.length } = input.current ?? {};
    setPicking(undefined);
    caret.current = from + emoji.length;
    typed(text.slice(0, from) + emoji + text.slice(to));
  }

  function attach(chosen: readonly File[]) {
    void session.draft.attach(chosen, limits);
    input.current?.focus();
  }

  function pasted(event: ClipboardEvent) {
    const chosen = [...event.clipboardData.files];
    if (chosen.length === 0) return;
    // A table copied from a sheet brings its picture along: the text is meant.
    if (event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    attach(chosen);
  }

  function typed(next: string) {
    session.draft.text.set(next);
    if (next.trim() === '') session.draft.notifyStoppedTyping();
    else session.draft.notifyTyping();
  }

  return (
    <form className={styles.composer} onSubmit={submit}>
      {replyTo && (
        <div className={styles.replying}>
          <Icon name="reply" size={16} />
          <p id="composer-reply" className={styles.replyingText}>
            Reply to <span className={styles.replyAuthor}>{nameOf(replyTo.author)}</span> <span className={styles.replyingExcerpt}>{replyTo.excerpt}</span>
          </p>
          <button
            type="button"
            className="icon-button"
            aria-label="Cancel reply"
            title="Cancel reply"
            onClick={() => {
              session.draft.replyTarget.set(undefined);
              input.current?.focus();
            }}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
      {faults.length > 0 && (
        <p className={styles.fileError} role="alert">
          {faults.join(' ')}
        </p>
      )}
      {files.length > 0 && (
        <FileTray
          files={files}
          flatTop={replyTo !== undefined && faults.length === 0}
          onRemove={(file) => {
            session.draft.detach(file);
            input.current?.focus();
          }}
        />
      )}
      {completion.open && <CompletionList id={listId} options={completion.options} chosen={completion.chosen} onAccept={complete} />}
      <div className={styles.box}>
        <button
          type="button"
          className="icon-button"
          aria-label="Attach files"
          title={`Attach files, up to ${formatSize(limits.maxUploadSize)} each`}
          onClick={() => picker.current?.click()}
        >
          <Icon name="clip" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to attach"
          onChange={(event) => {
            attach([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
        <textarea
          ref={input}
          rows={1}
          value={text}
          placeholder={`Message ${roomName}`}
          aria-label={`Message ${roomName}`}
          aria-describedby={replyTo ? 'composer-reply composer-hint' : 'composer-hint'}
          enterKeyHint="send"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={completion.open ? listId : undefined}
          aria-activedescendant={completion.open ? optionId(listId, completion.chosen) : undefined}
          onChange={(event) => {
            const { value, selectionStart } = event.target;
            // Only what was typed: who deletes a sign behind it wants the code.
            const next = value.length > text.length ? drawn(value, selectionStart) : undefined;
            caret.current = next?.caret;
            typed(next?.text ?? value);
            completion.look(next?.text ?? value, next?.caret ?? selectionStart);
          }}
          onSelect={(event) => completion.look(event.currentTarget.value, event.currentTarget.selectionStart)}
          onBlur={completion.close}
          onKeyDown={handleKeyDown}
          onPaste={pasted}
        />
        {left <= NEAR_END && (
          <span className={classNames(styles.remaining, left < 0 && styles.over)} role="status">
            {left >= 0 ? `${left} left` : `${-left} too many`}
          </span>
        )}
        <button
          type="button"
          className={`icon-button ${styles.pick}`}
          aria-label="Emoji"
          title="Emoji"
          aria-haspopup="menu"
          aria-expanded={picking !== undefined}
          onClick={(event) => setPicking(event.currentTarget)}
        >
          <Icon name="smile" />
        </button>
        {picking && <EmojiPicker anchor={picking} label="Choose an emoji" onChoose={insert} onClose={() => setPicking(undefined)} />}
        <button type="submit" className={styles.send} aria-label="Send" title="Send" disabled={!sendable}>
          <Icon name="send" size={18} />
        </button>
      </div>
      <span className="sr-only" role="status">
        {completion.open && `${countOf(completion.options)}. Up and down choose, Enter takes.`}
      </span>
      <span id="composer-hint" className="sr-only">
        Enter sends, Shift and Enter makes a new line, in a block of code Enter alone. Arrow up in an empty box changes your last message.
      </span>
    </form>
  );
}

function countOf(options: readonly Option[]): string {
  if (options[0]?.kind === 'emoji') return `${options.length} emoji`;
  return `${options.length === 1 ? 'One person' : `${options.length} people`} to mention`;
}
