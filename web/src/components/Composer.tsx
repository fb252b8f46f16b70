import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { useChat } from '../hooks/context';
import { useLimits } from '../hooks/useChatState';
import { useNaming } from '../hooks/useNaming';
import { useStore } from '../hooks/useStore';
import type { User } from '../protocol/types';
import { sizeOf } from '../state/files';
import type { RoomSession } from '../state/room';
import { nameOf } from './Avatar';
import { Icon } from './Icon';
import { NameList, nameOptionId } from './NameList';
import { FileTray } from './OutgoingFiles';

/** From so many characters before the end on, the count is shown. */
const NEAR_END = 200;

export function Composer({ session, roomName }: { session: RoomSession; roomName: string }) {
  const chat = useChat();
  const text = useStore(session.draft);
  const replyTo = useStore(session.replyingTo);
  const files = useStore(session.files);
  const faults = useStore(session.fileFaults);
  const limits = useLimits();
  const naming = useNaming(session, text);
  const nameListId = useId();
  const caret = useRef<number>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const left = limits.maxMessageLength - Array.from(text.trim()).length;
  const sendable = (text.trim() !== '' || files.length > 0) && left >= 0;

  // On a phone the keyboard would cover what one came to read.
  useEffect(() => {
    if (window.matchMedia('(hover: hover)').matches) input.current?.focus();
    return () => session.userStopsTyping();
  }, [session]);

  // Who answers goes on writing.
  useEffect(() => {
    if (replyTo !== undefined) input.current?.focus();
  }, [replyTo]);

  useLayoutEffect(() => {
    const area = input.current;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
    if (caret.current !== undefined) area.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  }, [text]);

  function send() {
    if (!sendable) return;
    naming.close();
    void chat.send(session);
    input.current?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  function pressed(event: KeyboardEvent) {
    // A key that ends an input method's composition is not meant for us.
    if (event.nativeEvent.isComposing) return;
    const person = naming.pressed(event);
    if (person !== undefined) {
      if (person !== 'kept') mention(person);
      return;
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && replyTo !== undefined) {
      event.stopPropagation();
      session.replyingTo.set(undefined);
    } else if (event.key === 'ArrowUp' && text === '') {
      event.preventDefault();
      session.editLast();
    }
  }

  function mention(person: User) {
    const next = naming.take(person);
    if (next === undefined) return;
    caret.current = next.caret;
    typed(next.text);
    input.current?.focus();
  }

  function attach(chosen: readonly File[]) {
    void session.attach(chosen, limits);
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
    session.draft.set(next);
    if (next.trim() === '') session.userStopsTyping();
    else session.userTypes();
  }

  return (
    <form className="composer" onSubmit={submit}>
      {replyTo && (
        <div className="replying">
          <Icon name="reply" size={16} />
          <p id="composer-reply" className="replying-text">
            Reply to <span className="reply-author">{nameOf(replyTo.author)}</span> <span className="replying-excerpt">{replyTo.excerpt}</span>
          </p>
          <button
            type="button"
            className="icon-button"
            aria-label="Cancel reply"
            title="Cancel reply"
            onClick={() => {
              session.replyingTo.set(undefined);
              input.current?.focus();
            }}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
      {faults.length > 0 && (
        <p className="tray-fault" role="alert">
          {faults.join(' ')}
        </p>
      )}
      {files.length > 0 && (
        <FileTray
          files={files}
          onRemove={(file) => {
            session.detach(file);
            input.current?.focus();
          }}
        />
      )}
      {naming.open && <NameList id={nameListId} people={naming.people} chosen={naming.chosen} onTake={mention} />}
      <div className="composer-box">
        <button
          type="button"
          className="icon-button attach"
          aria-label="Attach files"
          title={`Attach files, up to ${sizeOf(limits.maxUploadSize)} each`}
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
          aria-controls={naming.open ? nameListId : undefined}
          aria-activedescendant={naming.open ? nameOptionId(nameListId, naming.chosen) : undefined}
          onChange={(event) => {
            typed(event.target.value);
            naming.look(event.target.value, event.target.selectionStart);
          }}
          onSelect={(event) => naming.look(event.currentTarget.value, event.currentTarget.selectionStart)}
          onBlur={naming.close}
          onKeyDown={pressed}
          onPaste={pasted}
        />
        {left <= NEAR_END && (
          <span className={`composer-left${left < 0 ? ' over' : ''}`} role="status">
            {left >= 0 ? `${left} left` : `${-left} too many`}
          </span>
        )}
        <button type="submit" className="send" aria-label="Send" title="Send" disabled={!sendable}>
          <Icon name="send" size={18} />
        </button>
      </div>
      <span className="sr-only" role="status">
        {naming.open && `${naming.people.length === 1 ? 'One person' : `${naming.people.length} people`} to mention. Up and down choose, Enter takes.`}
      </span>
      <span id="composer-hint" className="sr-only">
        Enter sends, Shift and Enter makes a new line. Arrow up in an empty box changes your last message.
      </span>
    </form>
  );
}
