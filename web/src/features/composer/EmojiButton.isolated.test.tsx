import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadEmoji } from '../../state/emoji';
import { renderWithChat, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

// The board of all emoji has 1,900 buttons, which are slow in happy-dom.
vi.mock('virtual:emoji-data', () => ({ default: '🍵\ttea\tteacup without handle\thot\n🚀\trocket\trocket\tlaunch' }));

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

// Loads the emoji data before the first wait, which has a timeout.
beforeAll(loadEmoji);

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
async function shell(hash: string) {
  location.hash = hash;
  const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members: people } : {} }));
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

describe('emoji', () => {
  test('inserts an emoji at the caret, from the common ones or from all', async () => {
    const { user } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'tea  please');
    box.setSelectionRange(4, 4);
    await user.click(screen.getByRole('button', { name: 'Emoji' }));
    await user.click(screen.getByRole('menuitem', { name: 'All emoji' }));
    await user.click(await screen.findByTitle('Teacup without handle'));
    expect([box.value, box.selectionStart, document.activeElement]).toEqual(['tea 🍵 please', 6, box]);
  });
});
