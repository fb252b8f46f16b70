import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { isComposing } from '../../hooks/composition';
import { useChat } from '../../hooks/context';
import { useSearch } from '../../hooks/useChatState';
import { useDebounced } from '../../hooks/useDebouncedQuery';
import { goTo, homeHref, searchHref } from '../../hooks/useRoute';
import { Icon } from '../../ui/Icon';
import { useStore } from '../../hooks/useStore';
import { SearchFiltersBar } from './SearchFilters';
import { SearchPlaces } from './SearchPlaces';
import { useRoomTitle } from './useRoomTitle';
import { SearchResults } from './SearchResults';
import { SearchField } from '../../ui/SearchField';
import styles from './SearchView.module.css';

const DEBOUNCE_MS = 300;

/** Searches the messages of one room or of all rooms. */
export function SearchView({ roomId }: { roomId: number | undefined }) {
  const chat = useChat();
  const state = useSearch();
  const [text, setText] = useState(chat.search.text);
  const input = useRef<HTMLInputElement>(null);
  const results = useRef<HTMLDivElement>(null);

  const filters = useStore(chat.search.filters);
  const places = useStore(chat.search.places.state);

  const query = useCallback(async () => {
    await Promise.all([chat.search.query(text, roomId), chat.search.places.query(roomId === undefined ? text : '')]);
  }, [chat, text, roomId]);
  const pending = useDebounced(JSON.stringify([roomId, text.trim(), filters]), DEBOUNCE_MS, query);

  useEffect(() => input.current?.select(), []);

  /** Moves the focus between the search field and the results. */
  function handleKeyDown(event: KeyboardEvent) {
    const links = [...(results.current?.querySelectorAll<HTMLElement>('li > a, li > button') ?? [])];
    const at = links.findIndex((link) => link === document.activeElement);
    const inField = document.activeElement === input.current;
    const step = event.key === 'ArrowDown' || (event.key === 'Enter' && inField) ? 1 : event.key === 'ArrowUp' && at >= 0 ? -1 : 0;
    if (step === 0 || isComposing(event.nativeEvent)) return;
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
        {roomId !== undefined && <SearchScope roomId={roomId} />}
        <SearchField
          label="Search messages"
          placeholder="Words in messages"
          input={input}
          enterKeyHint="search"
          text={text}
          onText={setText}
          onKeyDown={handleKeyDown}
        />
        <SearchFiltersBar roomId={roomId} />
      </header>
      <div ref={results}>
        {!pending && text.trim() !== '' && <SearchPlaces places={places} onKey={handleKeyDown} />}
        <SearchResults state={state} text={text.trim()} roomId={roomId} filtered={Object.keys(filters).length > 0} pending={pending} onRetry={() => void query()} onKey={handleKeyDown} />
      </div>
    </section>
  );
}

function SearchScope({ roomId }: { roomId: number }) {
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
