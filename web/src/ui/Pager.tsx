import type { ReactNode } from 'react';
import { useOnline } from '../hooks/useChatState';
import { displayedItems, type PagedResource, type PagedState } from '../state/pagedResource';
import { EmptyState, Skeleton } from './EmptyState';
import { FormError } from './FormError';
import styles from './Pager.module.css';

interface PagerProps<T, Q> {
  pages: PagedResource<T, Q>;
  state: PagedState<T>;
  /** The name of the items in the plural: "users". */
  of: string;
  /** Shown if the list is empty. */
  empty: ReactNode;
  /** The label of the button that loads the next page. */
  moreLabel?: string;
  avatars?: boolean;
  /** The query of the current text has not started: the items answer another one. */
  pending?: boolean;
  onRetry: () => void;
  /** Renders one item as a list item with a key. */
  children: (item: T, index: number) => ReactNode;
}

/** A paged list with its loading, failed and empty states. Items of an earlier query are inert. */
export function Pager<T, Q>({ pages, state, of, empty, moreLabel = 'Show more', avatars = false, pending = false, onRetry, children }: PagerProps<T, Q>) {
  const online = useOnline();
  const { kind } = state;
  const { items, stale: isOld } = displayedItems(state);
  const stale = isOld || pending;
  if ((kind === 'loading' || (kind !== 'failed' && pending)) && items.length === 0) return <Skeleton label={`Loading ${of}`} rows={6} avatars={avatars} />;
  if (kind === 'failed' && items.length === 0) {
    return (
      <EmptyState icon="alert" title={online ? `The ${of} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: onRetry }}>
        {online ? state.reason : 'The list loads when you are connected.'}
      </EmptyState>
    );
  }
  if (items.length === 0) return <div role="status">{empty}</div>;
  return (
    <>
      <p className="sr-only" role="status">
        {!stale && `${items.length} shown`}
      </p>
      {kind === 'failed' && <FormError>{online ? state.reason : 'You are offline. The list may be out of date.'}</FormError>}
      <ul className={styles.list} aria-busy={stale || kind === 'refreshing'} inert={stale}>
        {items.map(children)}
      </ul>
      {(kind === 'ready' || kind === 'refreshing') && state.next !== undefined && (
        <button type="button" className="button more" disabled={stale} onClick={() => void pages.loadMore()}>
          {moreLabel}
        </button>
      )}
    </>
  );
}
