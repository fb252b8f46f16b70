import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
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

describe('runs of joins and leaves', () => {
  const change = (seq: number, name: string, action = 'join') =>
    message(seq, { kind: 'system', text: `${name} ${action}.`, author: { id: 100 + seq, username: name, displayName: '', avatarUrl: '' }, system: { action, userId: 100 + seq } });
  const noMembers = (_: string, path: string) => ({ body: path.includes('/members') ? { members: [] } : {} });

  test('are one line that opens and closes them', async () => {
    testChat = await renderWithChat(<RoomView roomId={7} />, noMembers);
    serve(testChat, message(1), ...['Ada', 'Ben', 'Cem', 'Dora'].map((name, i) => change(i + 2, name)), change(6, 'Emil', 'leave'));
    const line = await screen.findByRole('button', { name: /joined/ });
    expect(line.textContent).toMatch(/^Ada, Ben and 2 others joined; Emil left/);
    expect(screen.queryByText('Cem join.')).toBeNull();
    fireEvent.click(line);
    expect(line.getAttribute('aria-expanded')).toBe('true');
    const rows = [...(line.closest('ol')?.children ?? [])].map(({ textContent }) => /m1|Cem join|Emil leave/.exec(textContent)?.[0]);
    expect(rows.filter(Boolean)).toEqual(['m1', 'Cem join', 'Emil leave']);
    fireEvent.click(line);
    expect(screen.queryByText('Cem join.')).toBeNull();
    // Another one joins: the line stays the same element, so that it keeps the focus.
    line.focus();
    serve(testChat, change(7, 'Fay'));
    expect(line.textContent).toMatch(/^Ada, Ben and 3 others joined; Emil left/);
    expect(document.activeElement).toBe(line);
  });

  test('wait for the user before so many are loaded that do not fill the screen', async () => {
    const asked: string[] = [];
    testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => {
      if (path.includes('/messages')) asked.push(path);
      return noMembers(_, path);
    });
    const session = testChat.chat.rooms.session(7);
    await screen.findByText(/This is where it begins/);
    await waitFor(() => expect(session?.older.getSnapshot().kind).toBe('idle'));
    const joins = Array.from({ length: 500 }, (_, i) => change(i + 1001, `u${i}`));
    act(() => session?.apply({ type: 'opened', messages: joins, to: 1500, epoch: 'e1' }));
    expect(asked).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'Show earlier messages' }));
    await waitFor(() => expect(asked[0]).toContain('before=1001'));
  });
});
