import { type FormEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef } from 'react';
import { useChat } from '../hooks/context';
import { useMaxMessageLength } from '../hooks/useChatState';
import { useStore } from '../hooks/useStore';
import type { RoomSession } from '../state/room';
import { Icon } from './Icon';

/** From so many characters before the end on, the count is shown. */
const NEAR_END = 200;

export function Composer({ session, roomName }: { session: RoomSession; roomName: string }) {
  const chat = useChat();
  const text = useStore(session.draft);
  const most = useMaxMessageLength();
  const input = useRef<HTMLTextAreaElement>(null);
  const left = most - Array.from(text.trim()).length;
  const sendable = text.trim() !== '' && left >= 0;

  // On a phone the keyboard would cover what one came to read.
  useEffect(() => {
    if (window.matchMedia('(hover: hover)').matches) input.current?.focus();
    return () => session.userStopsTyping();
  }, [session]);

  useLayoutEffect(() => {
    const area = input.current;
    if (area === null) return;
    area.style.height = 'auto';
    area.style.height = `${area.scrollHeight}px`;
  }, [text]);

  function send() {
    if (!sendable) return;
    void chat.outbox.add(session.id, text.trim());
    session.draft.set('');
    session.userStopsTyping();
    input.current?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    send();
  }

  function pressed(event: KeyboardEvent) {
    // Enter that ends an input method's composition is not meant for us.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  function typed(next: string) {
    session.draft.set(next);
    if (next.trim() === '') session.userStopsTyping();
    else session.userTypes();
  }

  return (
    <form className="composer" onSubmit={submit}>
      <div className="composer-box">
        <textarea
          ref={input}
          rows={1}
          value={text}
          placeholder={`Message ${roomName}`}
          aria-label={`Message ${roomName}`}
          aria-describedby="composer-hint"
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
        Enter sends, Shift and Enter makes a new line.
      </span>
    </form>
  );
}
