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

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  vi.unstubAllGlobals();
});

test('with every event only the lines are drawn that it changes', async () => {
  present = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
  serve(present, ...Array.from({ length: 20 }, (_, i) => message(i + 1)));
  expect(drawn.at(-1)).toBe('<p>m20</p>');
  drawn.length = 0;
  serve(present, message(21));
  expect(drawn).toEqual(['<p>m21</p>']);
  serve(present, { ...message(10), changeSeq: 22, reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] });
  expect(drawn).toEqual(['<p>m21</p>', '<p>m10</p>']);
  const { socket } = present;
  act(() => socket().serve({ type: 'typing:update', data: { roomId: 7, userIds: [2] } }, { type: 'presence:update', data: { roomId: 7, users: [{ userId: 2, status: 'away' }] } }));
  expect(screen.getByText('Bob is typing…')).toBeTruthy();
  expect(drawn).toHaveLength(2);
});
