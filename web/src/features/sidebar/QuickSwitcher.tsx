import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { isComposing } from '../../hooks/composition';
import { useChat } from '../../hooks/context';
import { useMe, useRooms, useRoomSession, useUnread } from '../../hooks/useChatState';
import { useLayer } from '../../hooks/layers';
import { goTo, roomHref, searchHref } from '../../hooks/useRoute';
import { useSelect } from '../../hooks/useStore';
import { otherMember, roomTitle } from '../../state/room/direct';
import { quickSwitchResults } from '../../state/quickSwitch';
import { statusOf, unknownPresence } from '../../state/room/presence';
import type { MyRoom } from '../../state/room/myRoom';
import { Avatar } from '../../ui/Avatar';
import { optionId } from '../../ui/CompletionList';
import { Icon } from '../../ui/Icon';
import { UnreadBadge } from '../../ui/UnreadBadge';
import styles from './QuickSwitcher.module.css';

/** Opens a room or a conversation by a few letters, or searches the messages. */
export function QuickSwitcher({ currentRoomId, onClose }: { currentRoomId: number | undefined; onClose: () => void }) {
  const chat = useChat();
  const me = useMe();
  const state = useRooms();
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const [query, setQuery] = useState('');
  const [at, setIndex] = useState(0);

  // A snapshot: new messages must not move the option that the user is about to choose.
  const [{ unread, visited }] = useState(() => ({ unread: chat.rooms.unread.getSnapshot(), visited: chat.rooms.recent.getSnapshot() }));
  const results = useMemo(
    () => (state.kind === 'ready' ? quickSwitchResults(state.value, query, { me: me.id, here: currentRoomId, unread, visited }) : []),
    [state, query, me.id, currentRoomId, unread, visited],
  );
  const words = query.trim();
  const count = results.length + 1;
  const chosen = Math.min(at, count - 1);

  useLayer(onClose);
  useEffect(() => {
    const before = document.activeElement;
    const box = dialog.current;
    box?.showModal();
    input.current?.focus();
    return () => {
      box?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  function choose(index: number) {
    onClose();
    const place = results[index];
    if (place !== undefined) return goTo(roomHref(place.room.id));
    if (words !== '') void chat.search.query(words);
    return goTo(searchHref());
  }

  function handleKeyDown(event: KeyboardEvent) {
    if (isComposing(event.nativeEvent)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setIndex((chosen + step + count) % count);
    else if (event.key === 'Enter') choose(chosen);
    else return;
    event.preventDefault();
  }

  return (
    <dialog
      ref={dialog}
      className={styles.switcher}
      aria-label="Go to"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className={styles.box}>
        <div className={styles.field}>
          <Icon name="search" />
          <input
            ref={input}
            type="text"
            role="combobox"
            placeholder="Go to a room or a person"
            aria-label="Go to a room or a person"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={optionId(listId, chosen)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setIndex(0);
            }}
            onKeyDown={handleKeyDown}
          />
        </div>
        <div ref={list} id={listId} className={styles.list} role="listbox" tabIndex={-1} aria-label="Places">
          {results.map((mine, i) => (
            <div key={mine.room.id} id={optionId(listId, i)} role="option" tabIndex={-1} className={styles.option} aria-selected={i === chosen} onPointerMove={() => setIndex(i)} onPointerUp={() => choose(i)}>
              <RoomOption mine={mine} />
            </div>
          ))}
          <div id={optionId(listId, results.length)} role="option" tabIndex={-1} className={styles.option} aria-selected={chosen === results.length} onPointerMove={() => setIndex(results.length)} onPointerUp={() => choose(results.length)}>
            <Icon name="search" />
            <span className={styles.name}>{words === '' ? 'Search messages' : `Search messages for “${words}”`}</span>
          </div>
        </div>
      </div>
    </dialog>
  );
}

function RoomOption({ mine: { room } }: { mine: MyRoom }) {
  const chat = useChat();
  const me = useMe();
  const session = useRoomSession(room.id);
  const other = otherMember(room, me.id);
  const counts = useUnread(room.id);
  const quiet = useSelect(chat.notifications.mutedRooms, (rooms) => rooms.has(room.id));
  const presence = session?.presence.getSnapshot() ?? unknownPresence;
  return (
    <>
      {other ? <Avatar person={other} status={statusOf(presence, other.id)} size="s" className={styles.avatar} /> : <Icon name={room.private ? 'lock' : 'hash'} />}
      <span className={styles.name}>{roomTitle(room, me.id)}</span>
      {other && <span className={styles.username}>@{other.username}</span>}
      <UnreadBadge {...counts} direct={room.direct} quiet={quiet} className={styles.badge} />
    </>
  );
}
