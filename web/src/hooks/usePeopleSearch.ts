import { useMemo, useState } from 'react';
import type { User } from '../protocol/types';
import { displayedItems, PagedResource } from '../state/pagedResource';
import { normalize } from '../state/room/mentions';
import { useChat } from './context';
import { useMe } from './useChatState';
import { useDebouncedQuery } from './useDebouncedQuery';
import { useStore } from './useStore';

/** The number of people that are found; fewer where they are shown beside other results. */
const MAX_PEOPLE = { everyone: 20, named: 6 };

/**
 * Searches the people that the user may write to. Until the server has answered, the people of an earlier text
 * that match the new one are returned. 'named' searches only if there is a text.
 */
export function usePeopleSearch(scope: 'everyone' | 'named') {
  const chat = useChat();
  const me = useMe();
  const [list] = useState(
    () =>
      new PagedResource<User, string>(async (query) => {
        const name = nameIn(query);
        return { items: name === '' && scope === 'named' ? [] : await chat.rest.searchUsers(name, MAX_PEOPLE[scope]) };
      }, ''),
  );
  const { text, setText, pending } = useDebouncedQuery(list);
  const state = useStore(list.state);
  const blocked = useStore(chat.blocks.ids);
  const { items, stale } = displayedItems(state);
  const people = useMemo(() => {
    const others = items.filter(({ id }) => id !== me.id && !blocked.has(id));
    return pending || stale ? others.filter((user) => matches(user, nameIn(text))) : others;
  }, [items, stale, pending, text, me.id, blocked]);
  return {
    text,
    setText,
    people: scope === 'named' && nameIn(text) === '' ? [] : people,
    pending: pending || state.kind === 'loading' || state.kind === 'refreshing',
    failed: state.kind === 'failed' && !pending,
    retry: () => void list.refresh(),
  };
}

function nameIn(query: string): string {
  return query.trim().replace(/^@/, '');
}

function matches({ username, displayName }: User, name: string): boolean {
  return [username, displayName].some((one) => normalize(one).includes(normalize(name)));
}
