import type { ReactNode } from 'react';
import { useOnline } from '../hooks/useChatState';
import { displayedItems, type PagedResource, type PagedState } from '../state/pagedResource';
import { EmptyState, Skeleton } from './EmptyState';
import { FormError } from './Field';
import styles from './Pager.module.css';

interface PagerProps<T, Q> {
  pages: PagedResource<T, Q>;
  state: PagedState<T>;
  /** What it lists, in the plural: "users". */
  of: string;
  /** What stands where there is nothing. */
  empty: ReactNode;
  /** What the button for the next page says. */
  moreLabel?: string;
  avatars?: boolean;
  onRetry: () => void;
  /** One item, as a list item with its key. */
  children: (item: T, index: number) => ReactNode;
}

/** A long list with all its faces. */
export function Pager<T, Q>({ pages, state, of, empty, moreLabel = 'Show more', avatars = false, onRetry, children }: PagerProps<T, Q>) {
  const online = useOnline();
  const { kind } = state;
  const { items, stale } = displayedItems(state);
  if (kind === 'loading' && items.length === 0) return <Skeleton label={`Loading ${of}`} rows={6} avatars={avatars} />;
  if (kind === 'failed' && items.length === 0) {
    return (
      <EmptyState icon="alert" title={online ? `The ${of} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: onRetry }}>
        {online ? state.reason : 'The list comes back when you do.'}
      </EmptyState>
    );
  }
  if (items.length === 0) return <div role="status">{empty}</div>;
  return (
    <>
      <p className="sr-only" role="status">
        {!stale && `${items.length} shown`}
      </p>
      {kind === 'failed' && <FormError>{online ? state.reason : 'You are offline. This is what was known.'}</FormError>}
      <ul className={styles.list} aria-busy={kind === 'loading' || kind === 'refreshing'} inert={stale}>
        {items.map(children)}
      </ul>
      {(kind === 'ready' || kind === 'refreshing') && state.next !== undefined && (
        <button type="button" className="button more" onClick={() => void pages.loadMore()}>
          {moreLabel}
        </button>
      )}
    </>
  );
}
