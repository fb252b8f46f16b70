import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { User } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import { helloWithRoom, type TestChat } from '../../test/testChat';
import { user as person } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

/** Alice with the settings of her bots open. */
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
  await user.click(screen.getByRole('link', { name: /^Your account/ }));
  await user.click(await screen.findByRole('link', { name: 'Bots' }));
  const settings = within(screen.getByRole('region', { name: 'Settings' }));
  await settings.findByRole('button', { name: 'Create bot' });
  return { ...rig, settings, user };
}

test('creates a bot, shows its token once, replaces the token and deletes the bot', async () => {
  const { settings, user, requests: asked } = await bots();
  await settings.findByRole('heading', { name: 'Your first bot' });
  await user.type(settings.getByLabelText('Username'), 'robo');
  await user.type(settings.getByLabelText('Display name'), 'Robo');
  await user.click(settings.getByRole('button', { name: 'Create bot' }));
  const token = await settings.findByLabelText<HTMLInputElement>('Token of @robo');
  expect(token.value).toBe('token-1');
  expect(document.activeElement).toBe(token);
  expect(settings.getByRole('heading', { name: 'Another bot' })).toBeTruthy();

  await user.click(settings.getByRole('button', { name: 'New token for Robo' }));
  await user.click(within(screen.getByRole('dialog', { name: 'A new token for Robo?' })).getByRole('button', { name: 'Create a new token' }));
  await waitFor(() => expect(settings.getByLabelText<HTMLInputElement>('Token of @robo').value).toBe('token-2'));

  await user.click(settings.getByRole('button', { name: 'Delete Robo' }));
  await user.click(within(screen.getByRole('dialog', { name: 'Delete Robo?' })).getByRole('button', { name: 'Delete' }));
  await settings.findByRole('heading', { name: 'Your first bot' });
  expect(settings.queryByLabelText('Token of @robo')).toBeNull();
  expect(asked).toContain('DELETE /bots/9');
});

test('shows a taken username at its field and any other error above the form', async () => {
  let answer = problem(409, 'USERNAME_TAKEN', 'That username is taken.');
  const { settings, user } = await bots((method) => (method === 'POST' ? answer : undefined));
  const name = settings.getByLabelText('Username');
  await user.type(name, 'bob');
  await user.click(settings.getByRole('button', { name: 'Create bot' }));
  await settings.findByText('That username is taken.');
  expect(name.getAttribute('aria-invalid')).toBe('true');
  answer = problem(403, 'FORBIDDEN', 'An account has at most 10 bots.');
  await user.click(settings.getByRole('button', { name: 'Create bot' }));
  expect((await settings.findByRole('alert')).textContent).toBe('An account has at most 10 bots.');
});

test('loads a failed list after a reconnect', async () => {
  let away = true;
  const { settings, socket, sockets } = await bots((method, path) => (away && method === 'GET' && path === '/bots' ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
  await settings.findByText('Your bots could not be loaded');
  act(() => socket().end(1006));
  await settings.findByText('You are offline');
  away = false;
  await waitFor(() => expect(sockets.getSnapshot()).toHaveLength(2));
  act(() => socket().serve(helloWithRoom()));
  expect(await settings.findByRole('heading', { name: 'Your first bot' })).toBeTruthy();
});
