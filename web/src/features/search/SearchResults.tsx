import { type KeyboardEvent, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useIsBlocked } from '../../hooks/useChatState';
import { messageHref } from '../../hooks/useRoute';
import type { SearchResult } from '../../protocol/types';
import { displayedItems } from '../../state/pagedResource';
import type { SearchState } from '../../state/search';
import { excerptParts } from '../../state/search';
import { Avatar, nameOf } from '../../ui/Avatar';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/FormError';
import { useRoomTitle } from './useRoomTitle';
import styles from './SearchView.module.css';

interface ResultsProps {
  state: SearchState;
  /** The query of this text has not started: the results answer another one. */
  pending: boolean;
  text: string;
  roomId: number | undefined;
  filtered: boolean;
  onRetry: () => void;
  onKey: (event: KeyboardEvent) => void;
}

/** The found messages. Results of an earlier search are inert. */
export function SearchResults({ state, pending, text, roomId, filtered, onRetry, onKey }: ResultsProps) {
  const chat = useChat();
  if (text === '' || state.kind === 'idle') {
    return (
      <EmptyState icon="search" title="Find messages">
        Search for words or parts of words in your rooms, or for “a phrase” in quotes. The newest messages come first.
      </EmptyState>
    );
  }
  const { items, stale: isOld } = displayedItems(state);
  const stale = isOld || pending;
  if (state.kind === 'failed' && !navigator.onLine) return <EmptyState icon="alert" title="You are offline">The search needs a connection.</EmptyState>;
  if (state.kind === 'failed' && items.length === 0) {
    return <EmptyState icon="alert" title="The search failed" action={{ label: 'Try again', run: onRetry }}>{state.reason}</EmptyState>;
  }
  if (stale && state.kind !== 'failed' && items.length === 0) return <Skeleton label="Searching" rows={5} avatars />;
  const more = state.kind === 'ready' && state.next !== undefined;
  return (
    <>
      <p className="sr-only" role="status">
        {state.kind === 'ready' && (items.length === 1 ? 'One message found' : `${items.length} messages found${more ? ', and there are more' : ''}`)}
      </p>
      {items.length === 0 && !more && (
        <EmptyState icon="search" title="Nothing found">{`No message in ${roomId === undefined ? 'your rooms' : 'this room'} contains “${text}”${filtered ? ' and matches the filters' : ''}.`}</EmptyState>
      )}
      <ul aria-busy={stale || state.kind === 'refreshing'} inert={stale}>
        {items.map((hit) => (
          <li key={hit.message.id}>
            <Hit hit={hit} onKey={onKey} />
          </li>
        ))}
      </ul>
      {state.kind === 'failed' && <FormError>{state.reason}</FormError>}
      {more && (
        <button type="button" className="button more" disabled={stale} onClick={() => void chat.search.loadMore()}>
          Show older results
        </button>
      )}
    </>
  );
}

/** A found message. Those of blocked people are folded. */
function Hit(props: { hit: SearchResult; onKey: (event: KeyboardEvent) => void }) {
  const blocked = useIsBlocked(props.hit.message.author.id);
  const [opened, setOpened] = useState(false);
  if (!blocked || opened) return <HitLink {...props} focused={opened} />;
  return (
    <p className={styles.folded}>
      Message from a blocked person{' '}
      <button type="button" className="link" onClick={() => setOpened(true)}>
        Show
      </button>
    </p>
  );
}

const focus = (element: HTMLElement | null) => element?.focus();

function HitLink({ hit, focused, onKey }: { hit: SearchResult; focused: boolean; onKey: (event: KeyboardEvent) => void }) {
  const { message, room } = hit;
  const { author, createdAt } = message;
  const title = useRoomTitle(room.id) ?? room.name;
  return (
    <a ref={focused ? focus : undefined} className={styles.hit} href={messageHref(room.id, message.seq)} onKeyDown={onKey}>
      <Avatar person={author} className={styles.avatar} />
      <span className={styles.text}>
        <span className={styles.facts}>
          <bdi className={styles.author}>{nameOf(author)}</bdi> <span className={styles.room}>in <bdi>{title}</bdi></span>{' '}
          <time dateTime={createdAt} title={fullDate(createdAt)}>
            {dayOf(createdAt)}, {timeOf(createdAt)}
          </time>
        </span>
        <span className={styles.words} dir="auto">
          {excerptParts(hit).map(({ text, marked }, i) => (marked ? <mark key={i}>{text}</mark> : text))}
        </span>
      </span>
    </a>
  );
}
