import { act, render, screen, within, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { Chat } from '../../state/chat';
import { connectTestChat, joined, type TestChat } from '../../test/testChat';
import { alice, room } from '../../test/fixtures';
import { until } from '../../test/until';
import { RoomDirectory } from './RoomDirectory';

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

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

describe('room directory', () => {
  const rooms = [room(8, { name: 'chess' }), room(9, { name: 'hiking', hasPassword: true })];

  test('joins a room, and asks for the password if there is one', async () => {
    const { chat, command, socket } = await start((method, path, body) => {
      if (method === 'GET') return { body: { rooms } };
      const { password } = body as { password?: string };
      if (path === '/rooms/9/join' && password !== 'open sesame') return problem(403, 'WRONG_PASSWORD', 'That is not the password.');
      const membership = { roomId: 9, userId: alice.id, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0 };
      return { body: { room: rooms[1], membership } };
    });
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: 'Join hiking' }));
    const dialog = within(screen.getByRole('dialog'));
    await user.type(dialog.getByLabelText('Room password'), 'guess');
    await user.click(dialog.getByRole('button', { name: 'Join room' }));
    await dialog.findByText('That is not the password.');
    await user.clear(dialog.getByLabelText('Room password'));
    await user.type(dialog.getByLabelText('Room password'), 'open sesame');
    await user.click(dialog.getByRole('button', { name: 'Join room' }));
    const join = await command('room:join', 2);
    expect(join.data.roomId).toBe(9);
    act(() => socket().serve(joined(join.id, { room: rooms[1] })));
    expect(await screen.findByRole('link', { name: 'Open hiking' })).toBeTruthy();
  });

  test('retries a failed list', async () => {
    let away = true;
    const { chat } = await start(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : { body: { rooms } }));
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    await screen.findByText('The list could not be loaded');
    away = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('chess')).toBeTruthy();
  });

  test('offers to create the first room on an empty server', async () => {
    const { chat } = await start(() => ({ body: { rooms: [] } }));
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    expect(await screen.findByText('There are no rooms yet')).toBeTruthy();
  });

  test('makes the results of an earlier search inert', async () => {
    const { chat } = await start((_, path) => ({ body: { rooms: path.includes('q=gar') ? [room(10, { name: 'garden' })] : rooms } }));
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    const list = async (name: string) => (await screen.findByText(name)).closest('ul');
    await waitFor(async () => expect((await list('chess'))?.hasAttribute('inert')).toBe(false));
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search rooms' }), 'gar');
    expect((await list('chess'))?.hasAttribute('inert')).toBe(true);
    expect((await list('garden'))?.hasAttribute('inert')).toBe(false);
  });
});
