import type { Author } from '../../protocol/types';
import { Avatar, nameOf } from '../../ui/Avatar';
import { PersonButton } from '../../ui/PersonButton';
import { shortTimeOf, timeOf, fullDate } from '../../ui/dates';
import styles from './MessageRow.module.css';

interface BylineProps {
  author: Author;
  date: string;
  head: boolean;
}

/** The avatar, or the time while the row of a grouped message is used. The time is also in the byline and in the menu. */
export function MessageGutter({ author, date, head }: BylineProps) {
  return (
    <div className={styles.gutter}>
      {head ? (
        <Picture author={author} />
      ) : (
        <span aria-hidden="true">
          <Time date={date} short />
        </span>
      )}
    </div>
  );
}

function Picture({ author }: { author: Author }) {
  return (
    <PersonButton person={author} beside className={styles.picture}>
      <Avatar person={author} />
    </PersonButton>
  );
}

/** The author and the time. In a grouped row only screen readers get them. */
export function Byline({ author, date, head }: BylineProps) {
  if (!head) {
    return (
      <span className="sr-only">
        {nameOf(author)}, <Time date={date} />:{' '}
      </span>
    );
  }
  return (
    <p className={styles.byline}>
      <PersonButton person={author} className={styles.author}>
        <span dir="auto">{nameOf(author)}</span>
      </PersonButton>{' '}
      <Time date={date} />
    </p>
  );
}

export function Time({ date, short = false }: { date: string; short?: boolean }) {
  return (
    <time dateTime={date} title={fullDate(date)}>
      {short ? shortTimeOf(date) : timeOf(date)}
    </time>
  );
}
