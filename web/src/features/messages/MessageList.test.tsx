import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { MessageList } from './MessageList';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

describe('unread messages', () => {
  test('links to the first unread message if it is not loaded', async () => {
    testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    const session = testChat.chat.rooms.session(7);
    if (session === undefined) throw new Error('room 7 is not there');
    const { socket } = testChat;
    act(() => {
      session.apply({ type: 'opened', messages: [message(81), message(82)], to: 82, epoch: 'e1' });
      socket().serve({ type: 'read:updated', data: { roomId: 7, lastRead: 20, unread: 60, mentions: 0 } });
    });
    document.body.replaceChildren();
    const { chat } = testChat;
    render(<ChatContext value={chat}><MessageList session={session} roomName="general" /></ChatContext>);
    expect(screen.getByRole('link', { name: '60 new messages: where you left off' }).getAttribute('href')).toBe('#/room/7/21');
    expect(screen.queryByText('New')).toBeNull();
    act(() => session.apply({ type: 'older', messages: Array.from({ length: 60 }, (_, i) => message(i + 21)), hasMore: true }));
    expect(screen.queryByRole('link', { name: /new messages/ })).toBeNull();
    expect(screen.getByText('New')).toBeTruthy();
  });
});
