import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

const { drawn } = vi.hoisted(() => ({ drawn: [] as string[] }));
vi.mock('../../ui/Html', () => ({
  Html: ({ html }: { html: string }) => {
    drawn.push(html);
    return <p>{html}</p>;
  },
}));

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

test('an event renders only the rows that it changes', async () => {
  testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
  serve(testChat, ...Array.from({ length: 20 }, (_, i) => message(i + 1)));
  expect(drawn.at(-1)).toBe('<p>m20</p>');
  drawn.length = 0;
  serve(testChat, message(21));
  expect(drawn).toEqual(['<p>m21</p>']);
  serve(testChat, { ...message(10), changeSeq: 22, reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] });
  expect(drawn).toEqual(['<p>m21</p>', '<p>m10</p>']);
  const { socket } = testChat;
  act(() => socket().serve({ type: 'typing:update', data: { roomId: 7, userIds: [2] } }, { type: 'presence:update', data: { roomId: 7, users: [{ userId: 2, status: 'away' }] } }));
  expect(screen.getByText('Bob is typing…')).toBeTruthy();
  expect(drawn).toHaveLength(2);
});
