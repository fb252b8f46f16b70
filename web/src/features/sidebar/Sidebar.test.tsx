import { act, render, screen } from '@testing-library/react';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { Chat } from '../../state/chat';
import { connectTestChat, type TestChat } from '../../test/testChat';
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
    show(chat, <Sidebar route={{ kind: 'home' }} onCreate={nothing} onAccount={nothing} onSignOut={nothing} onSwitch={nothing} onNewMessage={nothing} />);
    act(() => socket().serve({ type: 'message:new', data: { roomId: 7, seq: 1, message: message(1) } }));
    expect(await screen.findByRole('link', { name: 'general 1 unread' })).toBeTruthy();
    expect(screen.getByText('Connected')).toBeTruthy();
    act(() => socket().end(1006));
    expect(await screen.findByText('Reconnecting…')).toBeTruthy();
  });
});
