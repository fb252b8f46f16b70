import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { User } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import { helloWithRoom, type TestChat } from '../../test/testChat';
import { alice, user as person } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

/** Alice with the dialog of her bots open. */
async function bots(refuse: (method: string, path: string) => ReturnType<typeof problem> | undefined = () => undefined) {
  let owned: User[] = [];
  let tokens = 0;
  // Loads the lazy chunk before the first wait, which has a timeout.
  await import('./Bots');
  const rig = await renderWithChat(<Shell />, (method, path, body) => {
    const refusal = refuse(method, path);
    if (refusal) return refusal;
    if (path.startsWith('/rooms')) return { body: { rooms: [] } };
    if (path.startsWith('/auth/sessions')) return { body: { sessions: [] } };
    if (method === 'GET') return { body: { bots: owned } };
    if (method === 'DELETE') {
      owned = [];
      return { status: 204, body: null };
    }
    if (path === '/bots') owned = [{ ...person(9, '', ''), role: 'bot', ...(body as object) }];
    return { body: { user: owned[0], token: `token-${++tokens}` } };
  });
  testChat = rig;
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: /Your account/ }));
  await user.click(await screen.findByRole('button', { name: 'Your bots…' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Your bots' }));
  await dialog.findByRole('button', { name: 'Create bot' });
  return { ...rig, dialog, user };
}

test('creates a bot, shows its token once, replaces the token and deletes the bot', async () => {
  const { dialog, user, requests: asked } = await bots();
  await dialog.findByRole('heading', { name: 'Your first bot' });
  await user.type(dialog.getByLabelText('Username'), 'robo');
  await user.type(dialog.getByLabelText('Display name'), 'Robo');
  await user.click(dialog.getByRole('button', { name: 'Create bot' }));
  const token = await dialog.findByLabelText<HTMLInputElement>('Token of @robo');
  expect(token.value).toBe('token-1');
  expect(document.activeElement).toBe(token);
  expect(dialog.getByRole('heading', { name: 'Another bot' })).toBeTruthy();

  await user.click(dialog.getByRole('button', { name: 'New token for Robo' }));
  await user.click(within(screen.getByRole('dialog', { name: 'A new token for Robo?' })).getByRole('button', { name: 'Create a new token' }));
  await waitFor(() => expect(dialog.getByLabelText<HTMLInputElement>('Token of @robo').value).toBe('token-2'));

  await user.click(dialog.getByRole('button', { name: 'Delete Robo' }));
  await user.click(within(screen.getByRole('dialog', { name: 'Delete Robo?' })).getByRole('button', { name: 'Delete' }));
  await dialog.findByRole('heading', { name: 'Your first bot' });
  expect(dialog.queryByLabelText('Token of @robo')).toBeNull();
  expect(asked).toContain('DELETE /bots/9');
});

test('shows a taken username at its field and any other error above the form', async () => {
  let answer = problem(409, 'USERNAME_TAKEN', 'That username is taken.');
  const { dialog, user } = await bots((method) => (method === 'POST' ? answer : undefined));
  const name = dialog.getByLabelText('Username');
  await user.type(name, 'bob');
  await user.click(dialog.getByRole('button', { name: 'Create bot' }));
  await dialog.findByText('That username is taken.');
  expect(name.getAttribute('aria-invalid')).toBe('true');
  answer = problem(403, 'FORBIDDEN', 'An account has at most 10 bots.');
  await user.click(dialog.getByRole('button', { name: 'Create bot' }));
  expect((await dialog.findByRole('alert')).textContent).toBe('An account has at most 10 bots.');
});

test('loads a failed list after a reconnect', async () => {
  let away = true;
  const { dialog, socket, sockets } = await bots((method, path) => (away && method === 'GET' && path === '/bots' ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
  await dialog.findByText('Your bots could not be loaded');
  act(() => socket().end(1006));
  await dialog.findByText('You are offline');
  away = false;
  await waitFor(() => expect(sockets.getSnapshot()).toHaveLength(2));
  act(() => socket().serve(helloWithRoom()));
  expect(await dialog.findByRole('heading', { name: 'Your first bot' })).toBeTruthy();
});

test('does not offer bots to guests', async () => {
  testChat = await renderWithChat(<Shell />, (_, path) => ({ body: path.startsWith('/auth') ? { sessions: [] } : { rooms: [] } }));
  act(() => testChat?.socket().serve({ type: 'user:updated', data: { user: { ...alice, guest: true } } }));
  await userEvent.click(screen.getByRole('button', { name: /Your account/ }));
  await screen.findByRole('heading', { name: 'Keep this account' });
  expect(screen.queryByRole('button', { name: 'Your bots…' })).toBeNull();
});
