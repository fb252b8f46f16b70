import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useMyRoom, useOnline, useSearch } from '../../hooks/useChatState';
import { goTo, homeHref, messageHref, searchHref } from '../../hooks/useRoute';
import { roomTitle } from '../../state/room/direct';
import type { SearchState } from '../../state/search';
import { highlightParts } from '../../state/search';
import type { Hit } from '../../transport/rest';
import { Avatar, nameOf } from '../../ui/Avatar';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/Field';
import { Icon } from '../../ui/Icon';

const SETTLE_MS = 300;

/** Searches what was said: everywhere, or in one room. */
export function SearchView({ roomId }: { roomId: number | undefined }) {
  const chat = useChat();
  const online = useOnline();
  const state = useSearch();
  const [text, setText] = useState(chat.search.text);
  const input = useRef<HTMLInputElement>(null);
  const results = useRef<HTMLDivElement>(null);

  // Asks again when the connection is back.
  useEffect(() => {
    const timer = setTimeout(() => void chat.search.query(text, roomId), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [chat, text, roomId, online]);

  useEffect(() => input.current?.select(), []);

  /** Arrow keys go from the field into the list and back. */
  function handleKeyDown(event: KeyboardEvent) {
    const links = [...(results.current?.querySelectorAll<HTMLElement>('a.hit') ?? [])];
    const at = links.findIndex((link) => link === document.activeElement);
    const inField = document.activeElement === input.current;
    const step = event.key === 'ArrowDown' || (event.key === 'Enter' && inField) ? 1 : event.key === 'ArrowUp' && at >= 0 ? -1 : 0;
    if (step === 0 || event.nativeEvent.isComposing) return;
    event.preventDefault();
    const next = at + step;
    if (next < 0) input.current?.focus();
    else links[next]?.focus();
  }

  return (
    <section className="finder" aria-labelledby="search-title">
      <header className="finder-head">
        <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
          <Icon name="back" />
        </a>
        <h1 id="search-title">Search</h1>
        {roomId !== undefined && <Scope roomId={roomId} />}
        <div className="search">
          <Icon name="search" />
          <input
            ref={input}
            type="search"
            placeholder="Words that were said"
            aria-label="Search messages"
            maxLength={100}
            enterKeyHint="search"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={handleKeyDown}
          />
        </div>
      </header>
      <div ref={results}>
        <Results state={state} text={text.trim()} roomId={roomId} onRetry={() => void chat.search.query(text, roomId)} onKey={handleKeyDown} />
      </div>
    </section>
  );
}

/** What one of the user's rooms is called to them. */
function useRoomTitle(roomId: number): string | undefined {
  const me = useMe();
  const room = useMyRoom(roomId)?.room;
  return room && roomTitle(room, me.id);
}

function Scope({ roomId }: { roomId: number }) {
  const name = useRoomTitle(roomId) ?? 'this room';
  return (
    <p className="scope">
      In <span className="scope-room">{name}</span>
      <button type="button" className="link" onClick={() => goTo(searchHref())}>
        Search everywhere
      </button>
    </p>
  );
}

interface ResultsProps {
  state: SearchState;
  text: string;
  roomId: number | undefined;
  onRetry: () => void;
  onKey: (event: KeyboardEvent) => void;
}

function Results({ state, text, roomId, onRetry, onKey }: ResultsProps) {
  const chat = useChat();
  if (text === '' || state.kind === 'idle') {
    return (
      <EmptyState icon="search" title="Look for what was said">
        Words, or parts of them, in your rooms. The newest come first.
      </EmptyState>
    );
  }
  if (state.kind === 'failed' && !navigator.onLine) return <EmptyState icon="alert" title="You are offline">Searching needs the server.</EmptyState>;
  if (state.kind === 'failed' && state.hits.length === 0) {
    return <EmptyState icon="alert" title="The search did not work" action={{ label: 'Try again', run: onRetry }}>{state.reason}</EmptyState>;
  }
  if (state.kind === 'searching' && state.hits.length === 0) return <Skeleton label="Searching" rows={5} avatars />;
  const more = state.kind === 'ready' && state.nextCursor !== undefined;
  return (
    <>
      <p className="sr-only" role="status">
        {state.kind === 'ready' && (state.hits.length === 1 ? 'One message found' : `${state.hits.length} messages found${more ? ', and there are more' : ''}`)}
      </p>
      {state.hits.length === 0 && !more && (
        <EmptyState icon="search" title="Nothing found">{`Nobody said “${text}” ${roomId === undefined ? 'in your rooms' : 'here'}.`}</EmptyState>
      )}
      <ul className="hits" aria-busy={state.kind === 'searching'}>
        {state.hits.map((hit) => (
          <li key={hit.message.id}>
            <HitLink hit={hit} onKey={onKey} />
          </li>
        ))}
      </ul>
      {state.kind === 'failed' && <FormError>{state.reason}</FormError>}
      {more && (
        <button type="button" className="button more" onClick={() => void chat.search.loadMore()}>
          Look further back
        </button>
      )}
    </>
  );
}

function HitLink({ hit: { message, room, highlights }, onKey }: { hit: Hit; onKey: (event: KeyboardEvent) => void }) {
  const { author, createdAt } = message;
  const title = useRoomTitle(room.id) ?? room.name;
  return (
    <a className="hit" href={messageHref(room.id, message.seq)} onKeyDown={onKey}>
      <Avatar person={author} />
      <span className="hit-text">
        <span className="hit-facts">
          <span className="author">{nameOf(author)}</span> <span className="hit-room">in {title}</span>{' '}
          <time dateTime={createdAt} title={fullDate(createdAt)}>
            {dayOf(createdAt)}, {timeOf(createdAt)}
          </time>
        </span>
        <span className="hit-words">
          {highlightParts(message.text, highlights).map(({ text, marked }, i) => (marked ? <mark key={i}>{text}</mark> : text))}
        </span>
      </span>
    </a>
  );
}
