import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { Chat } from '../../state/chat';
import { connectTestChat, type TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { until } from '../../test/until';
import { RoomView } from './RoomView';

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

describe('room', () => {
  test('Enter sends, Shift+Enter inserts a line break', async () => {
    const { chat, command } = await start();
    show(chat, <RoomView roomId={7} />);
    const user = userEvent.setup();
    const box = screen.getByRole('textbox', { name: 'Message general' });
    await user.type(box, 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect((await command('message:send')).data.text).toBe('one\ntwo');
    expect((box as HTMLTextAreaElement).value).toBe('');
    expect(await screen.findByText((_, element) => element?.tagName === 'LI' && /one\s*two/.test(element.textContent))).toBeTruthy();
  });

  test('cannot send an empty or too long message', async () => {
    const { chat } = await start();
    show(chat, <RoomView roomId={7} />);
    const user = userEvent.setup();
    const send = () => screen.getByRole('button', { name: 'Send' }) as HTMLButtonElement;
    expect(send().disabled).toBe(true);
    const box = screen.getByRole('textbox', { name: 'Message general' });
    await user.click(box);
    await user.paste('x'.repeat(1_990));
    expect(screen.getByText('10 left')).toBeTruthy();
    await user.paste('x'.repeat(15));
    expect(screen.getByText('5 too many')).toBeTruthy();
    expect(send().disabled).toBe(true);
  });

  test('a refused message shows the reason and can be retried or discarded', async () => {
    const { chat, command, socket } = await start();
    show(chat, <RoomView roomId={7} />);
    const user = userEvent.setup();
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'hello{Enter}');
    const sent = await command('message:send');
    act(() => socket().serve({ id: sent.id, type: 'error', data: { code: 'FORBIDDEN', message: 'You may not write here.' } }));
    await screen.findByText('Not sent. You may not write here.');
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    const again = await command('message:send', 2);
    expect(again.data.cid).toBe(sent.data.cid);
    act(() => socket().serve({ id: again.id, type: 'error', data: { code: 'FORBIDDEN', message: 'Still not.' } }));
    await screen.findByText('Not sent. Still not.');
    await user.click(screen.getByRole('button', { name: 'Discard' }));
    await waitFor(() => expect(screen.queryByText('hello')).toBeNull());
  });

  test('groups messages of one author and announces joins', async () => {
    const { chat, socket } = await start();
    show(chat, <RoomView roomId={7} />);
    const join = { kind: 'system' as const, text: 'Bob joined.', html: '', system: { action: 'join', userId: 2 } };
    act(() =>
      socket().serve(
        ...[message(1, join), message(2), message(3)].map((m) => ({ type: 'message:new', data: { roomId: 7, seq: m.seq, message: m } })),
      ),
    );
    const rows = await screen.findAllByRole('listitem');
    const texts = rows.map((row) => row.textContent);
    expect(texts.some((text) => text?.includes('Bob joined.'))).toBe(true);
    expect(within(screen.getByRole('region', { name: 'Messages in general' })).getAllByText('Bob')).toHaveLength(1);
    expect(within(screen.getByRole('log')).getByText('Bob joined.')).toBeTruthy();
  });

  test('an empty room shows where it begins', async () => {
    const { chat } = await start();
    show(chat, <RoomView roomId={7} />);
    expect(screen.getByText('This is where it begins. Say hello.')).toBeTruthy();
  });

  test('says that the user is not in the room', async () => {
    const { chat } = await start(() => problem(404, 'NOT_FOUND', 'There is no such room.'));
    show(chat, <RoomView roomId={99} />);
    expect(await screen.findByText('You are not in this room')).toBeTruthy();
  });
});
