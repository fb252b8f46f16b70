import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountContext, ChatContext } from '../../hooks/context';
import { Account } from '../../state/account';
import type { Chat } from '../../state/chat';
import { connectTestChat, joined, type TestChat } from '../../test/testChat';
import { alice, message, room } from '../../test/fixtures';
import { until } from '../../test/until';
import { RestClient } from '../../transport/rest';
import { RoomDirectory } from '../rooms/RoomDirectory';
import { RoomView } from './RoomView';
import { Sidebar } from '../sidebar/Sidebar';
import { SignIn } from '../account/SignIn';

type Answer = NonNullable<Parameters<typeof connectTestChat>[0]>;

let present: TestChat | undefined;

beforeEach(() => {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('hover'), media: query }));
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    disconnect() {}
  });
});

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  vi.unstubAllGlobals();
});

function show(chat: Chat, element: ReactElement) {
  return render(<ChatContext value={chat}>{element}</ChatContext>);
}

async function start(answer: Answer = noMembers): Promise<TestChat> {
  present = await connectTestChat(answer);
  const session = present.chat.rooms.session(7);
  if (session !== undefined) await until(session.loadState, (opening) => opening.kind === 'ready');
  return present;
}

const noMembers: Answer = (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} });
const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

describe('sign in', () => {
  function showSignIn(answer: () => Response) {
    const account = new Account(new RestClient(async () => answer()), 'ws://test/ws');
    render(
      <AccountContext value={account}>
        <SignIn />
      </AccountContext>,
    );
  }

  test('says why it was refused', async () => {
    const refusal = problem(401, 'UNAUTHENTICATED', 'Wrong username or password.');
    showSignIn(() => new Response(JSON.stringify(refusal.body), { status: 401 }));
    const user = userEvent.setup();
    await user.type(screen.getByLabelText('Username or email'), 'alice');
    await user.type(screen.getByLabelText('Password'), 'wrong-password');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Wrong username or password.');
  });

  test('puts a taken name beside its field', async () => {
    const refusal = { status: 409, title: 'Conflict', detail: 'That username is taken.', code: 'USERNAME_TAKEN', errors: [{ location: 'body.username', message: 'taken' }] };
    showSignIn(() => new Response(JSON.stringify(refusal), { status: 409 }));
    const user = userEvent.setup();
    await user.click(screen.getByRole('button', { name: 'Create an account' }));
    const name = screen.getByLabelText('Username');
    await user.type(name, 'alice');
    await user.type(screen.getByLabelText('Password'), 'long-enough');
    await user.click(screen.getByRole('button', { name: 'Create account' }));
    await screen.findByText('That username is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });
});

describe('room', () => {
  test('Enter sends, Shift and Enter makes a line', async () => {
    const { chat, command } = await start();
    show(chat, <RoomView roomId={7} />);
    const user = userEvent.setup();
    const box = screen.getByRole('textbox', { name: 'Message general' });
    await user.type(box, 'one{Shift>}{Enter}{/Shift}two{Enter}');
    expect((await command('message:send')).data.text).toBe('one\ntwo');
    expect((box as HTMLTextAreaElement).value).toBe('');
    expect((await screen.findByText(/one\s+two/)).closest('li')).toBeTruthy();
  });

  test('nothing and too much cannot be sent', async () => {
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

  test('a refused message says why and can be sent again or thrown away', async () => {
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

  test('groups what one author says and tells joins', async () => {
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
    expect(within(screen.getByRole('log')).getByText('Bob: m3')).toBeTruthy();
  });

  test('an empty room invites', async () => {
    const { chat } = await start();
    show(chat, <RoomView roomId={7} />);
    expect(screen.getByText('This is where it begins. Say hello.')).toBeTruthy();
  });

  test('a room of others says that one is not in it', async () => {
    const { chat } = await start(() => problem(404, 'NOT_FOUND', 'There is no such room.'));
    show(chat, <RoomView roomId={99} />);
    expect(await screen.findByText('You are not in this room')).toBeTruthy();
  });
});

describe('find rooms', () => {
  const rooms = [room(8, { name: 'chess' }), room(9, { name: 'hiking', hasPassword: true })];

  test('joins, and asks for a password where there is one', async () => {
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

  test('a failed list can be asked for again', async () => {
    let away = true;
    const { chat } = await start(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : { body: { rooms } }));
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    await screen.findByText('The list could not be loaded');
    away = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('chess')).toBeTruthy();
  });

  test('an empty server offers to make the first room', async () => {
    const { chat } = await start(() => ({ body: { rooms: [] } }));
    show(chat, <RoomDirectory onCreate={() => undefined} />);
    expect(await screen.findByText('Nobody has made a room yet')).toBeTruthy();
  });
});

describe('sidebar', () => {
  const nothing = () => undefined;

  test('shows rooms with what is unread, and how the connection is', async () => {
    const { chat, socket } = await start();
    show(chat, <Sidebar route={{ kind: 'home' }} onCreate={nothing} onAccount={nothing} onSignOut={nothing} onSwitch={nothing} />);
    act(() => socket().serve({ type: 'message:new', data: { roomId: 7, seq: 1, message: message(1) } }));
    expect(await screen.findByRole('link', { name: 'general 1 unread' })).toBeTruthy();
    expect(screen.getByText('Connected')).toBeTruthy();
    act(() => socket().end(1006));
    expect(await screen.findByText('Reconnecting…')).toBeTruthy();
  });
});
