const thisYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const otherYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** Formats a day briefly, for the middle of a line. */
export function shortDate(date: string, now = new Date()): string {
  const then = new Date(date);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (then.toDateString() === now.toDateString()) return 'today';
  if (then.toDateString() === yesterday.toDateString()) return 'yesterday';
  return (then.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(then);
}
