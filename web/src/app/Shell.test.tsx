import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../protocol/types';
import { renderWithChat, stubBrowser } from '../test/page';
import { joined, type TestChat } from '../test/testChat';
import { alice, bob, message, room, user as person } from '../test/fixtures';
import { Shell } from './Shell';

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

const receive = (rig: TestChat, roomId: number, m: Message) => act(() => rig.socket().serve({ type: 'message:new', data: { roomId, seq: m.changeSeq, message: { ...m, roomId } } }));

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

describe('keyboard shortcuts', () => {
  test('the arrow keys step through rooms, or through unread rooms', async () => {
    const { rig, user } = await shell('#/room/7');
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/7'));
    receive(rig, 10, message(1, { author: author(cleo) }));
    await user.keyboard('{Alt>}{Shift>}{ArrowDown}{/Shift}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
  });

  test('a question mark shows the shortcuts, except in a text', async () => {
    const { user } = await shell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'why?');
    expect(screen.queryByRole('dialog')).toBeNull();
    act(() => screen.getByRole('region', { name: 'Messages in general' }).focus());
    await user.keyboard('?');
    expect(screen.getByRole('dialog', { name: 'Keyboard' })).toBeTruthy();
  });
});
