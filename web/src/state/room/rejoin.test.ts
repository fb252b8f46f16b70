import { expect, test } from 'vitest';
import { rejoinHint } from './rejoin';

test.each([
  { room: { private: true, hasPassword: false }, says: /^To join again you need an invite,/ },
  { room: { private: true, hasPassword: true }, says: /name and password, or an invite\.$/ },
  { room: { private: false, hasPassword: true }, says: /the room's password, or an invite\.$/ },
  { room: { private: false, hasPassword: false }, says: /^You can join again at any time\.$/ },
])('describes what is needed to join again: $room', ({ room, says }) => {
  expect(rejoinHint(room, 'you')).toMatch(says);
  expect(rejoinHint(room, 'they')).toBe(rejoinHint(room, 'you').replace('To join again you', 'To join again they').replace(/^You/, 'They'));
});
