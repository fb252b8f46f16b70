import { memo } from 'react';
import { useToday } from '../../hooks/useToday';
import type { Fold } from '../../state/room/folds';
import { isSameItem, type Item, type SeqRange } from '../../state/room/items';
import type { RoomSession } from '../../state/room/session';
import { dayOf } from '../../ui/dates';
import { BlockedRow } from './BlockedRow';
import { FoldRow } from './FoldRow';
import { MessageRow } from './MessageRow';
import { OutgoingRow } from './OutgoingRow';
import { Time } from './Byline';
import styles from './MessageRow.module.css';

interface ItemRowProps {
  item: Item;
  session: RoomSession;
  /** The message that the address refers to. */
  found?: boolean;
  /** Shows messages of blocked people. Like the next function, it must not change: rows are rendered only if their item changes. */
  onUnfold?: (range: SeqRange) => void;
  /** Opens or closes a run of messages. */
  onFold?: (fold: Fold) => void;
}

/** One row of the list. The list is built again with every event; rows that did not change do not render again. */
export const ItemRow = memo(function ItemRow({ item, session, found = false, onUnfold, onFold }: ItemRowProps) {
  switch (item.kind) {
    case 'day':
      return (
        // Without data-key, like the next one: these rows move when older messages are loaded.
        <li className={styles.day}>
          <Day date={item.date} />
        </li>
      );
    case 'new':
      return (
        <li className={styles.newLine}>
          <span role="separator" aria-label="New messages">
            New
          </span>
        </li>
      );
    case 'system':
      return (
        <li className={styles.system} data-key={item.key}>
          <span>{item.message.text}</span> <Time date={item.message.createdAt} />
        </li>
      );
    case 'blocked':
      return <BlockedRow itemKey={item.key} count={item.count} onShow={() => onUnfold?.(item)} />;
    case 'fold':
      return <FoldRow fold={item} onToggle={() => onFold?.(item)} />;
    case 'message':
      return <MessageRow itemKey={item.key} session={session} message={item.message} head={item.head} found={found} />;
    case 'outgoing':
      return <OutgoingRow itemKey={item.key} session={session} outgoing={item.outgoing} head={item.head} />;
  }
}, (before, now) => before.session === now.session && before.found === now.found && isSameItem(before.item, now.item));

function Day({ date }: { date: string }) {
  useToday();
  return <span>{dayOf(date)}</span>;
}
