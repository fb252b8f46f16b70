/** Formats the time in a time zone, with the weekday if it is another day there. It returns undefined if the browser does not know the zone. */
export function localTimeIn(timeZone: string, now: number): string | undefined {
  try {
    const there = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', timeZone }).format(now);
    if (dayIn(timeZone, now) === dayIn(undefined, now)) return there;
    return `${new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone }).format(now)} ${there}`;
  } catch {
    return undefined;
  }
}

function dayIn(timeZone: string | undefined, now: number): string {
  return new Intl.DateTimeFormat('en', { dateStyle: 'short', timeZone }).format(now);
}
