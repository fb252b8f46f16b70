import { useEffect, useState } from 'react';
import { PersonDetails } from '../state/person';
import { useChat } from './context';
import { useOnline } from './useChatState';

/** What the card of a user shows. It is read again after a reconnect, and the membership when `changes` changes. */
export function usePersonDetails(userId: number, roomId: number | undefined, changes: unknown): PersonDetails {
  const chat = useChat();
  const online = useOnline();
  const [details] = useState(() => new PersonDetails(chat.rest, userId, roomId));
  useEffect(() => {
    void details.load();
  }, [details, online]);
  useEffect(
    () =>
      chat.changedUser.subscribe(() => {
        const user = chat.changedUser.getSnapshot();
        if (user?.id === userId) details.user.set(user);
      }),
    [chat, details, userId],
  );
  const [initial] = useState(changes);
  useEffect(() => {
    if (changes !== initial) void details.member.refresh();
  }, [details, changes, initial]);
  return details;
}
