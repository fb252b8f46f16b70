import { useMemo, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useRooms, useRoomSession, useUnread } from '../../hooks/useChatState';
import { usePeopleSearch } from '../../hooks/usePeopleSearch';
import { goTo, roomHref, searchHref } from '../../hooks/useRoute';
import { useSelect } from '../../hooks/useStore';
import { otherMember, roomTitle } from '../../state/room/direct';
import { quickSwitchResults } from '../../state/quickSwitch';
import { statusOf, unknownPresence } from '../../state/room/presence';
import type { MyRoom } from '../../state/room/myRoom';
import { Avatar } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { UnreadBadge } from '../../ui/UnreadBadge';
import { Chooser, type ChooserOption } from './Chooser';
import { usePersonOptions } from './PersonOption';
import styles from './QuickSwitcher.module.css';

/** Opens a room or a conversation by a few letters, or searches the messages. */
export function QuickSwitcher({ currentRoomId, onClose }: { currentRoomId: number | undefined; onClose: () => void }) {
  const chat = useChat();
  const me = useMe();
  const state = useRooms();
  const { text, setText, people } = usePeopleSearch('named');

  // A snapshot: new messages must not move the option that the user is about to choose.
  const [{ unread, visited }] = useState(() => ({ unread: chat.rooms.unread.getSnapshot(), visited: chat.rooms.recent.getSnapshot() }));
  const rooms = useMemo(
    () => (state.kind === 'ready' ? quickSwitchResults(state.value, text, { me: me.id, here: currentRoomId, unread, visited }) : []),
    [state, text, me.id, currentRoomId, unread, visited],
  );
  const words = text.trim();
  const talks = new Set(rooms.map(({ room }) => otherMember(room, me.id)?.id));
  const persons = usePersonOptions(people.filter(({ id }) => !talks.has(id)));

  const search: ChooserOption = {
    key: 'search',
    choose: () => {
      if (words !== '') void chat.search.query(words);
      goTo(searchHref());
    },
    content: (
      <>
        <Icon name="search" />
        <span className={styles.name}>{words === '' ? 'Search messages' : `Search messages for “${words}”`}</span>
      </>
    ),
  };
  const options = [
    ...rooms.map((mine): ChooserOption => ({ key: `room-${mine.room.id}`, content: <RoomOption mine={mine} />, choose: () => goTo(roomHref(mine.room.id)) })),
    ...persons,
    search,
  ];

  return <Chooser title="Go to" label="Go to a room or a person" listLabel="Places" text={text} onText={setText} options={options} onClose={onClose} />;
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
      <span className={styles.name} dir="auto">{roomTitle(room, me.id)}</span>
      {other && <span className={styles.username}>@{other.username}</span>}
      <UnreadBadge {...counts} direct={room.direct} quiet={quiet} className={styles.badge} />
    </>
  );
}
