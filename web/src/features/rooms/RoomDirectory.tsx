import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useDirectory } from '../../hooks/useChatState';
import { useDebouncedQuery } from '../../hooks/useDebouncedQuery';
import { homeHref } from '../../hooks/useRoute';
import type { Room } from '../../protocol/types';
import { displayedItems, type PagedState } from '../../state/pagedResource';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/FormError';
import { Icon } from '../../ui/Icon';
import { JoinByNameDialog } from './JoinDialog';
import { SearchField } from '../../ui/SearchField';
import { RoomCard } from './RoomCard';
import styles from './RoomDirectory.module.css';

/** The list of public rooms, with a search. Rooms of an earlier search are inert. */
export function RoomDirectory({ onCreate }: { onCreate: () => void }) {
  const chat = useChat();
  const state = useDirectory();
  const { text, setText, pending } = useDebouncedQuery(chat.directory);
  const [byName, setByName] = useState(false);

  return (
    <section className="page" aria-labelledby="directory-title">
      <header className="page-head">
        <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
          <Icon name="back" />
        </a>
        <h1 id="directory-title">Find rooms</h1>
        <div className={styles.actions}>
          <button type="button" className="button" onClick={() => setByName(true)}>
            <Icon name="enter" /> Join by name
          </button>
          <button type="button" className="button primary" onClick={onCreate}>
            <Icon name="plus" /> New room
          </button>
        </div>
        <SearchField label="Search rooms" placeholder="Search by name" text={text} onText={setText} />
      </header>
      <Results state={state} pending={pending} text={text.trim()} onCreate={onCreate} onRetry={() => void chat.directory.query(text)} />
      {byName && <JoinByNameDialog onClose={() => setByName(false)} />}
    </section>
  );
}

interface ResultsProps {
  state: PagedState<Room>;
  /** The query of this text has not started: the results answer another one. */
  pending: boolean;
  text: string;
  onCreate: () => void;
  onRetry: () => void;
}

function Results({ state, pending, text, onCreate, onRetry }: ResultsProps) {
  const chat = useChat();
  const { items, stale: isOld } = displayedItems(state);
  const stale = isOld || pending;
  if (state.kind === 'failed' && !navigator.onLine) {
    return <EmptyState icon="alert" title="You are offline">The list loads when you are connected.</EmptyState>;
  }
  if (state.kind === 'failed' && items.length === 0) {
    return <EmptyState icon="alert" title="The list could not be loaded" action={{ label: 'Try again', run: onRetry }}>{state.reason}</EmptyState>;
  }
  if (stale && state.kind !== 'failed' && items.length === 0) return <Skeleton label="Loading rooms" rows={6} />;
  if (items.length === 0) {
    return text === '' ? (
      <EmptyState icon="hash" title="There are no rooms yet" action={{ label: 'Create the first one', run: onCreate }} />
    ) : (
      <EmptyState icon="search" title="No room found">{`No public room matches “${text}”.`}</EmptyState>
    );
  }
  return (
    <>
      <ul aria-busy={stale || state.kind === 'refreshing'} inert={stale}>
        {items.map((room) => (
          <li key={room.id}>
            <RoomCard room={room} />
          </li>
        ))}
      </ul>
      {state.kind === 'failed' && <FormError>{state.reason}</FormError>}
      {(state.kind === 'ready' || state.kind === 'refreshing') && state.next && (
        <button type="button" className="button more" disabled={stale} onClick={() => void chat.directory.loadMore()}>
          Show more
        </button>
      )}
    </>
  );
}
