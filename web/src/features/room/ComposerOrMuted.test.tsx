import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, message, mine, room, user as person } from '../../test/fixtures';
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

describe('a muted member', () => {
  const until = () => new Date(Date.now() + 60_000).toISOString();

  test('is offered no action that the server would refuse, and sees why', async () => {
    const { rig, user, socket } = await shell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }), mine(2, 'a'));
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), '{ArrowUp}!');
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: until() }) } }));
    const chip = screen.getByRole('button', { name: '👍 1, Bob. You are muted here' });
    await user.click(chip);
    for (const reply of screen.getAllByRole('button', { name: 'Reply' })) await user.click(reply);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByText('You are muted here. You can save your edit afterwards.')).toBeTruthy();
    expect([chip.getAttribute('aria-disabled'), chip.title]).toEqual(['true', 'Bob. You are muted here.']);
    const over = { dataTransfer: { types: ['Files'], files: [] } };
    fireEvent.dragEnter(screen.getByRole('region', { name: 'Messages in general' }), over);
    expect(screen.queryByText(/Drop files/)).toBeNull();
    expect(socket().sent.map(({ type }) => type).filter((type) => type.startsWith('message:'))).toEqual([]);
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7) } }));
    expect(screen.getByRole('button', { name: '👍 1, Bob' }).getAttribute('aria-disabled')).toBeNull();
  });

  test('can write and react again as soon as the mute ends', async () => {
    const { rig, socket } = await shell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: new Date(Date.now() + 200).toISOString() }) } }));
    expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBe('true');
    await waitFor(() => expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBeNull());
  });
});
