import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { room } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

const membership = (more: object = {}) => ({ roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

test('a link to an open room shows a preview to join from', async () => {
  testChat = await renderWithChat(<RoomView roomId={9} />, (_, path) => ({ body: path === '/rooms/9' ? { room: room(9, { name: 'chess', description: 'Moves' }) } : { room: room(9, { name: 'chess' }), membership: membership({ roomId: 9 }) } }));
  expect(await screen.findByText('chess')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Join room' }));
  expect((await testChat.command('room:join', 2)).data.roomId).toBe(9);
});
