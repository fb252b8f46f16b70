import { expect, test } from 'vitest';
import { localTimeIn } from './localTime';

const offsetZone = (hours: number) => `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;

test('formats the time of a zone, with the weekday on another day', () => {
  const noon = new Date(2026, 5, 10, 12).getTime();
  const here = -new Date(noon).getTimezoneOffset() / 60;
  expect(localTimeIn(offsetZone(here + 2), noon)).toMatch(/^(14|02):00/);
  expect(localTimeIn(offsetZone(here + (here > 0 ? -13 : 13)), noon)).toMatch(/^\S+ \d\d:00/);
});

test('knows nothing of an unknown zone', () => {
  expect(localTimeIn('Mars/Olympus', 0)).toBeUndefined();
});
