import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { room } from '../../test/fixtures';
import { InvitePage } from './InvitePage';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

const membership = (more: object = {}) => ({ roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

describe('invites', () => {
  test('shows the room of the invite and joins it', async () => {
    history.replaceState(null, '', '/invite/abc');
    testChat = await renderWithChat(<InvitePage token="abc" />, (method) =>
      method === 'GET' ? { body: { room: { name: 'garden', description: 'Seeds', memberCount: 3 } } } : { body: { room: room(9, { name: 'garden' }), membership: membership({ roomId: 9 }) } },
    );
    expect(await screen.findByRole('heading', { name: 'garden' })).toBeTruthy();
    expect(screen.getByText('3 members')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Join room' }));
    await waitFor(() => expect(location.pathname + location.hash).toBe('/#/room/9'));
  });

  test.each([
    ['ended', problem(404, 'NOT_FOUND', 'No.'), 'This invite is not valid'],
    ['away', problem(503, 'UNAVAILABLE', 'Not now.'), 'The invite could not be loaded'],
  ])('shows that an invite is %s', async (_, answer, words) => {
    testChat = await renderWithChat(<InvitePage token="abc" />, () => answer);
    expect(await screen.findByText(words)).toBeTruthy();
  });
});
