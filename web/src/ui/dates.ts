const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });

export function timeOf(date: string): string {
  return time.format(new Date(date));
}

/** Formats a time without AM and PM, for narrow places. */
export function shortTimeOf(date: string): string {
  const parts = time.formatToParts(new Date(date)).filter(({ type }) => type !== 'dayPeriod');
  return parts.map(({ value }) => value).join('').trim();
}

export function fullDate(date: string): string {
  return whole.format(new Date(date));
}

export function dayOf(date: string, now = new Date()): string {
  const then = new Date(date);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (then.toDateString() === now.toDateString()) return 'Today';
  if (then.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return then.getFullYear() === now.getFullYear() ? day.format(then) : dayOfYear.format(then);
}
