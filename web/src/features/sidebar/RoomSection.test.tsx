import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import { databaseName } from '../../state/local/database';
import { UserStorage } from '../../state/local/userStorage';
import { Preferences } from '../../state/preferences';
import { hello } from '../../test/fakeSocket';
import { alice, author, bob, room } from '../../test/fixtures';
import { stubBrowser } from '../../test/page';
import { createTestChat } from '../../test/testChat';
import { RoomList } from './RoomList';

beforeEach(() => {
  stubBrowser();
  Element.prototype.scrollIntoView ??= () => undefined;
});

afterEach(() => vi.unstubAllGlobals());

/** Alice in the rooms room-1, room-2, … and in a conversation with bob (2000). room-3 is open; `counts` are unread messages and mentions by room. */
async function list(count: number, counts: Record<number, [number, number]> = {}) {
  const rig = await createTestChat();
  await rig.chat.start();
  const own = (id: number, more: object) => {
    const [unread, mentions] = counts[id] ?? [0, 0];
    return { room: room(id, { head: unread, ...more }), role: 'member', lastRead: 0, unread, mentions };
  };
  const rooms = Array.from({ length: count }, (_, i) => own(i + 1, { name: `room-${i + 1}` }));
  const direct = own(2_000, { name: 'two', direct: true, private: true, with: [author(alice), author(bob)] });
  render(<ChatContext value={rig.chat}><RoomList current={3} onNewMessage={() => undefined} /></ChatContext>);
  act(() => rig.socket().serve(hello({ user: alice, rooms: [...rooms, direct] })));
  const links = (section: string) => within(screen.getByRole('region', { name: section })).queryAllByRole('link').map((link) => link.textContent);
  return { ...rig, links, user: userEvent.setup() };
}

const fold = (name: string) => screen.getByRole('button', { name });

test('a folded section shows the open room and unread ones, and stays folded', async () => {
  const { chat, user, links } = await list(30, { 5: [1, 0], 6: [1, 0], 7: [2, 1] });
  act(() => chat.notifications.setRoomMuted(6, true));
  act(() => chat.notifications.setRoomMuted(7, true));
  expect([links('Your rooms').length, fold('Your rooms').getAttribute('aria-expanded')]).toEqual([30, 'true']);
  await user.click(fold('Your rooms'));
  expect([links('Your rooms'), fold('Your rooms').getAttribute('aria-expanded')]).toEqual([['room-3', 'room-51 unread', 'room-7quiet@1 mention, 2 unread'], 'false']);
  expect(screen.getByText('27 more')).toBeTruthy();
  expect(links('People')).toHaveLength(1);

  const another = new Preferences(new UserStorage(databaseName(alice)));
  expect([...another.folded.getSnapshot()]).toEqual(['rooms']);
  await user.click(fold('Your rooms'));
  expect(links('Your rooms')).toHaveLength(30);
});

test('a filter finds rooms of a folded section', async () => {
  const { user, links } = await list(30);
  await user.click(fold('Your rooms'));
  await user.type(screen.getByRole('searchbox', { name: 'Filter your rooms' }), 'room-2');
  expect(links('Your rooms')).toHaveLength(11);
});

test.each([
  [300, true],
  [5, false],
])('with %d rooms, a button that goes to the people: %s', async (count, expected) => {
  const { user } = await list(count);
  const next = screen.queryByRole('button', { name: 'Go to people' });
  expect(next !== null).toBe(expected);
  if (next === null) return;
  await user.click(next);
  expect(document.activeElement).toBe(fold('People'));
});
