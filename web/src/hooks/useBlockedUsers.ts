import { useEffect, useState } from 'react';
import type { User } from '../protocol/types';
import { Resource } from '../state/resource';
import { useChat } from './context';
import { useOnline } from './useChatState';
import { useStore } from './useStore';

/** The people that the user has blocked. They are read again when one is added or removed. */
export function useBlockedUsers(): Resource<readonly User[]> {
  const { blocks } = useChat();
  const online = useOnline();
  const ids = useStore(blocks.ids);
  const [users] = useState(() => new Resource(() => blocks.users()));
  useEffect(() => {
    void users.refresh();
  }, [users, ids, online]);
  return users;
}
