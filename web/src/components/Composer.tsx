import { type FormEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef } from 'react';
import { useChat } from '../hooks/context';
import { useMaxMessageLength } from '../hooks/useChatState';
import { useStore } from '../hooks/useStore';
import type { RoomSession } from '../state/room';
import { nameOf } from './Avatar';
import { Icon } from './Icon';

/** From so many characters before the end on, the count is shown. */
const NEAR_END = 200;

export function Composer({ session, roomName }: { session: RoomSession; roomName: string }) {
  const chat = useChat();
  const text = useStore(session.draft);
  const replyTo = useStore(session.replyingTo);
  const most = useMaxMessageLength();
  const input = useRef<HTMLTextAreaElement>(null);
  const left = most - Array.from(text.trim()).length;
  const sendable = text.trim() !== '' && left >= 0;

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
  }, [text]);

  function send() {
    if (!sendable) return;
    const written = session.takeDraft();
    void chat.outbox.add(session.id, written.text, written.replyTo);
    input.current?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  function pressed(event: KeyboardEvent) {
    // A key that ends an input method's composition is not meant for us.
    if (event.nativeEvent.isComposing) return;
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
      <div className="composer-box">
        <textarea
          ref={input}
          rows={1}
          value={text}
          placeholder={`Message ${roomName}`}
          aria-label={`Message ${roomName}`}
          aria-describedby={replyTo ? 'composer-reply composer-hint' : 'composer-hint'}
          enterKeyHint="send"
          onChange={(event) => typed(event.target.value)}
          onKeyDown={pressed}
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
      <span id="composer-hint" className="sr-only">
        Enter sends, Shift and Enter makes a new line. Arrow up in an empty box changes your last message.
      </span>
    </form>
  );
}
