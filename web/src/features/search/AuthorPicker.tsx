import { useCallback, useId, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe } from '../../hooks/useChatState';
import { useDebounced } from '../../hooks/useDebouncedQuery';
import type { User } from '../../protocol/types';
import { Avatar, nameOf } from '../../ui/Avatar';
import styles from './SearchFilters.module.css';

const DEBOUNCE_MS = 200;

/** A field that finds people by name: members of the room, or users that share a room with the current user. */
export function AuthorPicker({ roomId, onPick }: { roomId: number | undefined; onPick: (author: User) => void }) {
  const { search } = useChat();
  const me = useMe();
  const id = useId();
  const [text, setText] = useState('');
  const [found, setFound] = useState<{ text: string; people: readonly User[] }>();
  const wanted = text.trim();

  const find = useCallback(async () => {
    if (wanted === '') return;
    const people = await search.findAuthors(wanted, roomId).catch(() => []);
    setFound({ text: wanted, people });
  }, [search, roomId, wanted]);
  useDebounced(wanted, DEBOUNCE_MS, find);

  const isMe = wanted !== '' && [me.username, me.displayName.toLocaleLowerCase(), 'me'].some((name) => name.startsWith(wanted.toLocaleLowerCase()));
  const others = found?.text === wanted ? found.people.filter((user) => user.id !== me.id) : undefined;
  const people = wanted === '' ? [] : [...(isMe ? [me] : []), ...(others ?? [])];

  function pick(user: User) {
    setText('');
    onPick(user);
  }

  return (
    <div className="field">
      <label htmlFor={id}>From</label>
      <input id={id} type="text" autoComplete="off" autoCapitalize="none" spellCheck={false} placeholder="A name" maxLength={60} value={text} onChange={(event) => setText(event.target.value)} />
      <p className="sr-only" role="status">
        {wanted !== '' && others !== undefined && (people.length === 1 ? 'One person found' : `${people.length} people found`)}
      </p>
      {people.length > 0 && (
        <ul className={styles.people} aria-label="People">
          {people.map((user) => (
            <li key={user.id}>
              <button type="button" className={styles.person} onClick={() => pick(user)}>
                <Avatar person={user} size="s" />
                <span dir="auto">{nameOf(user)}</span> <span className={styles.username}>@{user.username}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {wanted !== '' && others !== undefined && people.length === 0 && <p className="field-hint">No member found.</p>}
    </div>
  );
}
