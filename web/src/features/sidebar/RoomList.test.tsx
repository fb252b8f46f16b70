import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { bob, room } from '../../test/fixtures';
import { Sidebar } from './Sidebar';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

const author = { id: bob.id, username: bob.username, displayName: bob.displayName, avatarUrl: '' };

const membership = (more: object = {}) => ({ roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

describe('direct conversations', () => {
  const direct = room(9, { name: 'Alice, Bob', direct: true, private: true, with: [{ ...author, id: 1, displayName: 'Alice' }, author] });

  test('are listed under People by the current name of the other user', async () => {
    testChat = await renderWithChat(<Sidebar route={{ kind: 'home' }} onCreate={() => undefined} onSignOut={() => undefined} onSwitch={() => undefined} onNewMessage={() => undefined} />, () => ({ body: {} }));
    const { socket, command } = testChat;
    act(() => socket().serve({ type: 'room:added', data: { room: direct, membership: membership({ roomId: 9 }) } }));
    expect((await command('room:join', 2)).data.roomId).toBe(9);
    expect(screen.getByRole('heading', { name: 'People' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Bob' }).getAttribute('href')).toBe('#/room/9');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...bob, displayName: 'Robert' } } }));
    expect(await screen.findByRole('link', { name: 'Robert' })).toBeTruthy();
  });
});
