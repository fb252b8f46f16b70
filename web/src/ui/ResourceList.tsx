import type { ReactNode } from 'react';
import { useOnline } from '../hooks/useChatState';
import type { ResourceState } from '../state/resource';
import { EmptyState, Skeleton } from './EmptyState';

interface ResourceListProps<T> {
  state: ResourceState<readonly T[]>;
  /** The name of the items in the plural: "URLs". */
  of: string;
  onRetry: () => void;
  children: (item: T) => ReactNode;
}

export function ResourceList<T>({ state, of, onRetry, children }: ResourceListProps<T>) {
  const online = useOnline();
  if (state.kind === 'loading') return <Skeleton label={`Loading ${of}`} rows={2} />;
  if (state.kind === 'failed') {
    return <EmptyState title={online ? `The ${of} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: onRetry }} />;
  }
  if (state.value.length === 0) return <p className="field-hint">There are none yet.</p>;
  return <ul className="rows">{state.value.map(children)}</ul>;
}
