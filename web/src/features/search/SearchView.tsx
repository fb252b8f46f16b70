import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline, useSearch } from '../../hooks/useChatState';
import { goTo, homeHref, searchHref } from '../../hooks/useRoute';
import { Icon } from '../../ui/Icon';
import { useRoomTitle } from './useRoomTitle';
import { Results } from './SearchResults';
import { SearchField } from '../../ui/SearchField';
import styles from './SearchView.module.css';

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
    const links = [...(results.current?.querySelectorAll('a') ?? [])];
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
    <section className="page" aria-labelledby="search-title">
      <header className="page-head">
        <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
          <Icon name="back" />
        </a>
        <h1 id="search-title">Search</h1>
        {roomId !== undefined && <Scope roomId={roomId} />}
        <SearchField
          label="Search messages"
          placeholder="Words that were said"
          input={input}
          enterKeyHint="search"
          text={text}
          onText={setText}
          onKeyDown={handleKeyDown}
        />
      </header>
      <div ref={results}>
        <Results state={state} text={text.trim()} roomId={roomId} onRetry={() => void chat.search.query(text, roomId)} onKey={handleKeyDown} />
      </div>
    </section>
  );
}

function Scope({ roomId }: { roomId: number }) {
  const name = useRoomTitle(roomId) ?? 'this room';
  return (
    <p className="scope">
      In <span className={styles.scopeRoom}>{name}</span>
      <button type="button" className="link" onClick={() => goTo(searchHref())}>
        Search everywhere
      </button>
    </p>
  );
}
