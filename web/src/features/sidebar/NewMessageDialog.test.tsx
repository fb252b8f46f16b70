import { act, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stubBrowser } from '../../test/page';
import { bob, room, user as person } from '../../test/fixtures';
import { membership, renderShell } from '../../test/shell';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

const dora = person(4, 'dora', 'Dora Diaz');
const emil = { ...person(5, 'emil', 'Emil'), role: 'bot' as const };

const found = (path: string) => {
  if (path === '/users/4/direct') return { room: room(11, { direct: true, private: true, with: [dora] }), membership: membership(11) };
  const query = /^\/users\?q=([^&]*)/.exec(path)?.[1];
  if (query === undefined) return undefined;
  return { users: [bob, dora, emil].filter(({ displayName }) => displayName.toLowerCase().includes(decodeURIComponent(query))) };
};

describe('a new message', () => {
  test('finds everyone that one may write to, and opens the conversation', async () => {
    const { user } = await renderShell('#/room/7', found);
    const open = screen.getByRole('button', { name: 'New message' });
    await user.click(open);
    const dialog = within(screen.getByRole('dialog', { name: 'New message' }));
    expect((await dialog.findAllByRole('option')).map((one) => one.textContent)).toEqual(['BBob@bob', 'DDDora Diaz@dora', 'EEmil@emilBot']);
    await user.keyboard('@dor');
    await waitFor(() => expect(dialog.getAllByRole('option')).toHaveLength(1));
    await user.keyboard('{Enter}');
    await waitFor(() => expect(location.hash).toBe('#/room/11'));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('says that nobody was found, and shows why a conversation cannot be opened', async () => {
    const refuse = (path: string) => (path.endsWith('/direct') ? { status: 404, body: { status: 404, title: 'No', detail: 'Not found.', code: 'NOT_FOUND' } } : undefined);
    const { user } = await renderShell('#/room/7', found, refuse);
    await user.click(screen.getByRole('button', { name: 'New message' }));
    await user.keyboard('xyz');
    expect(await screen.findByText('No person that you can write to is called “xyz”.')).toBeTruthy();
    await user.clear(screen.getByRole('combobox'));
    await user.click(await screen.findByRole('option', { name: /Dora/ }));
    expect((await screen.findByRole('alert')).textContent).toBe('Not found.');
    await user.keyboard('{Escape}');
  });

  test('does not offer a blocked person', async () => {
    const { user, socket } = await renderShell('#/room/7', found);
    act(() => socket().serve({ type: 'block:updated', data: { userId: 4, blocked: true } }));
    await user.click(screen.getByRole('button', { name: 'New message' }));
    expect((await screen.findAllByRole('option')).map((one) => one.textContent)).toEqual(['BBob@bob', 'EEmil@emilBot']);
  });
});

test('Ctrl+K finds people of the server behind the conversations that exist', async () => {
  const { user } = await renderShell('#/room/7', found);
  await user.keyboard('{Control>}k{/Control}b');
  await waitFor(() => expect(screen.getAllByRole('option').map((one) => one.textContent)).toEqual(['BBob@bob', 'Search messages for “b”']));
  await user.clear(screen.getByRole('combobox'));
  await user.keyboard('dora');
  await screen.findByRole('option', { name: /Dora/ });
  expect(screen.getByRole('option', { selected: true }).textContent).toBe('DDDora Diaz@dora');
  await user.keyboard('{Enter}');
  await waitFor(() => expect(location.hash).toBe('#/room/11'));
});
