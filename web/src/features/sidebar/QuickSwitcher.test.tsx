import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, message, room, user as person } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const cleo = person(3, 'cleo', 'Cleo');

const author = ({ id, username, displayName, avatarUrl }: typeof alice) => ({ id, username, displayName, avatarUrl });

const membership = (roomId: number, more: object = {}) => ({ roomId, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });


const people = [alice, bob, cleo].map((user) => ({ user, role: 'member', status: 'online', joinedAt: '' }));

/** Alice with the room "general" and direct conversations with bob (9) and cleo (10). */
async function shell(hash: string, results: object[] = []) {
  location.hash = hash;
  const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members: people } : path.includes('/search') && path.includes('tea') ? { results } : path.includes('/search') ? { results: [] } : {} }));
  testChat = rig;
  for (const [nth, other] of [[2, bob], [3, cleo]] as const) {
    const direct = room(7 + nth, { name: 'two', direct: true, private: true, with: [author(alice), author(other)] });
    act(() => rig.socket().serve({ type: 'room:added', data: { room: direct, membership: membership(direct.id) } }));
    const { id } = await rig.command('room:join', nth);
    await act(async () => rig.socket().serve(joined(id, { room: direct, membership: membership(direct.id), online: nth === 2 ? [1, 2] : [1] })));
  }
  const sidebar = within(screen.getByRole('navigation', { name: 'Rooms' }));
  const links = () => sidebar.getAllByRole('link').map((link) => link.textContent);
  return { ...rig, user: userEvent.setup(), sidebar, links, rig };
}

describe('keyboard shortcuts', () => {
  test('opens a conversation by a few letters of the name', async () => {
    const { user, sidebar } = await shell('#/room/7');
    await user.keyboard('{Control>}k{/Control}');
    const box = screen.getByRole('combobox', { name: 'Go to a room or a person' });
    await user.type(box, 'cl');
    const chosen = screen.getByRole('option', { selected: true });
    expect([chosen.textContent, box.getAttribute('aria-activedescendant')]).toEqual(['CCleo@cleo', chosen.id]);
    await user.keyboard('{Enter}');
    expect(await screen.findByRole('textbox', { name: 'Message Cleo' })).toBeTruthy();
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(sidebar.getByRole('link', { name: 'Cleo' }).getAttribute('aria-current')).toBe('page');
  });

  test('searches messages if no room matches', async () => {
    const { user } = await shell('#/room/7');
    await user.keyboard('{Control>}k{/Control}tulips');
    expect(screen.getAllByRole('option').map((option) => option.textContent)).toEqual(['Search messages for “tulips”']);
    await user.keyboard('{Enter}');
    expect((await screen.findByRole<HTMLInputElement>('searchbox', { name: 'Search messages' })).value).toBe('tulips');
  });

  test('makes the results of an earlier message search inert', async () => {
    const { user, rig } = await shell('#/room/7', [{ message: message(4, { text: 'green tea' }), room: { id: 7, name: 'general' }, highlights: [] }]);
    await rig.chat.search.query('tea');
    await user.keyboard('{Control>}k{/Control}tulips{Enter}');
    const old = screen.queryByText('green tea')?.closest('ul');
    expect(old === undefined || old?.hasAttribute('inert')).toBe(true);
    expect(await screen.findByText('Nothing found')).toBeTruthy();
    expect(screen.queryByText('green tea')).toBeNull();
  });
});
