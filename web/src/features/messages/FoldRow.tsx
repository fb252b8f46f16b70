import { Fragment } from 'react';
import { type Fold, type MembershipChange, membershipChanges } from '../../state/room/folds';
import { nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { Time } from './Byline';
import styles from './MessageRow.module.css';

/** One line for a run of messages. It opens them below itself. */
export function FoldRow({ fold, onToggle }: { fold: Fold; onToggle: () => void }) {
  const last = fold.messages.at(-1);
  return (
    <li className={styles.system} data-key={fold.key}>
      <button type="button" className={styles.fold} aria-expanded={fold.open} onClick={onToggle}>
        <span>
          {fold.of === 'deletions' ? `${fold.messages.length} messages were deleted` : <Memberships messages={fold.messages} />} {last && <Time date={last.createdAt} />}
        </span>
        <Icon name="chevron" size={14} />
      </button>
    </li>
  );
}

function Memberships({ messages }: Pick<Fold, 'messages'>) {
  return membershipChanges(messages).map((change, i) => (
    <Fragment key={change.change}>
      {i > 0 && '; '}
      <People {...change} /> {change.change}
    </Fragment>
  ));
}

function People({ people, others }: MembershipChange) {
  const rest = others > 0 ? `${others} others` : undefined;
  const last = people.length - 1;
  return (
    <>
      {people.map((person, i) => (
        <Fragment key={person.id}>
          {i > 0 && (i === last && rest === undefined ? ' and ' : ', ')}
          <bdi>{nameOf(person)}</bdi>
        </Fragment>
      ))}
      {rest && ` and ${rest}`}
    </>
  );
}
