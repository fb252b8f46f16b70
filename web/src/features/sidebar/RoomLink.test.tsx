import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
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

describe('room list', () => {
  test('marks rooms with a draft, except the open room', async () => {
    const { user, sidebar } = await shell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'half a');
    expect(sidebar.queryByText('Draft')).toBeNull();
    await user.click(sidebar.getByRole('link', { name: 'Bob online' }));
    expect(await screen.findByRole('textbox', { name: 'Message Bob' })).toBeTruthy();
    expect(sidebar.getByText('Draft').closest('a')?.textContent).toContain('general');
  });

  test('shows the presence of people and sorts them by their last message', async () => {
    const { rig, links, sidebar } = await shell('#/room/7');
    receive(rig, 9, message(1, { createdAt: '2026-11-23T11:00:00.000Z' }));
    receive(rig, 10, message(1, { author: author(cleo), createdAt: '2026-11-23T12:00:00.000Z' }));
    expect(links().slice(-2).map((text) => text?.slice(0, 6))).toEqual(['CCleo1', 'BBob o']);
    receive(rig, 9, message(2, { createdAt: '2026-11-23T13:00:00.000Z' }));
    expect(sidebar.getAllByRole('link').at(-2)).toBe(sidebar.getByRole('link', { name: /^Bob online/ }));
    act(() => rig.socket().serve({ type: 'presence:update', data: { roomId: 9, users: [{ userId: 2, status: 'busy' }] } }));
    expect(sidebar.getByRole('link', { name: /^Bob busy/ })).toBeTruthy();
  });

  test('counts only mentions of a quiet room, in the list and in the title', async () => {
    const { rig, user, sidebar } = await shell('#/room/7');
    await user.click(screen.getByRole('button', { name: 'Quiet' }));
    location.hash = '#/find';
    await screen.findByRole('heading', { name: 'Find rooms' });
    receive(rig, 7, message(1));
    expect(sidebar.getByRole('link', { name: 'general quiet' })).toBeTruthy();
    expect(document.title).toBe('Find rooms · Chillin');
    receive(rig, 7, message(2, { mentions: [1] }));
    expect(sidebar.getByRole('link', { name: 'general quiet 1 mention, 2 unread' })).toBeTruthy();
    expect(document.title).toBe('(1) Find rooms · Chillin');
  });
});
