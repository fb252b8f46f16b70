import type { Author } from '../../protocol/types';
import { Avatar, nameOf } from '../../ui/Avatar';
import { shortTimeOf, timeOf, fullDate } from '../../ui/dates';
import styles from './MessageRow.module.css';

interface BylineProps {
  author: Author;
  date: string;
  head: boolean;
}

export function MessageGutter({ author, date, head }: BylineProps) {
  return <div className={styles.gutter}>{head ? <Avatar person={author} /> : <Time date={date} short />}</div>;
}

/** The author and the time. In a grouped row only screen readers get the author. */
export function Byline({ author, date, head }: BylineProps) {
  if (!head) return <span className="sr-only">{nameOf(author)}: </span>;
  return (
    <p className={styles.byline}>
      <span className={styles.author} dir="auto">{nameOf(author)}</span> <Time date={date} />
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
