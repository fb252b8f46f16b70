import { act, render, screen, waitFor } from '@testing-library/react';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { Chat } from '../../state/chat';
import { connectTestChat, helloWithRoom, type TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { until } from '../../test/until';
import { Sidebar } from './Sidebar';

type Answer = NonNullable<Parameters<typeof connectTestChat>[0]>;

let testChat: TestChat | undefined;

beforeEach(() => {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('hover: hover'), media: query }));
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    disconnect() {}
  });
});

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

function show(chat: Chat, element: ReactElement) {
  return render(<ChatContext value={chat}>{element}</ChatContext>);
}

async function start(answer: Answer = noMembers): Promise<TestChat> {
  testChat = await connectTestChat(answer);
  const session = testChat.chat.rooms.session(7);
  if (session !== undefined) await until(session.loadState, (opening) => opening.kind === 'ready');
  return testChat;
}

const noMembers: Answer = (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} });

describe('sidebar', () => {
  const nothing = () => undefined;

  test('shows unread counts and the state of the connection', async () => {
    const { chat, socket } = await start();
    show(chat, <Sidebar route={{ kind: 'home' }} onCreate={nothing} onSignOut={nothing} onSwitch={nothing} onNewMessage={nothing} />);
    act(() => socket().serve({ type: 'message:new', data: { roomId: 7, seq: 1, message: message(1) } }));
    expect(await screen.findByRole('link', { name: 'general 1 unread' })).toBeTruthy();
    const isVisible = () => screen.getByRole('status').parentElement?.className !== 'sr-only';
    expect([screen.getByRole('status').textContent, isVisible()]).toEqual(['Connected', false]);

    // The row is visible while there is no connection, and for a moment afterwards.
    act(() => socket().end(1006));
    expect([screen.getByRole('status').textContent, isVisible()]).toEqual(['Reconnecting…', false]);
    await waitFor(() => expect(isVisible()).toBe(true), { timeout: 3_000 });
    act(() => chat.retryConnection());
    act(() => socket().serve(helloWithRoom()));
    expect([screen.getByRole('status').textContent, isVisible()]).toEqual(['Connected', true]);
    await waitFor(() => expect(isVisible()).toBe(false), { timeout: 5_000 });
  });
});
