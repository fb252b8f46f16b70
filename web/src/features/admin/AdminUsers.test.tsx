import { act, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../../protocol/types';
import { type Asked, administration, problem } from '../../test/administration';
import { stubBrowser } from '../../test/page';
import { helloWithRoom } from '../../test/testChat';
import { user as person, alice, bob } from '../../test/fixtures';
import { until } from '../../test/until';

beforeEach(stubBrowser);

const seen = '2026-11-23T10:00:00.000Z';

const account = (user: typeof alice, more: Partial<Account> = {}): Account => ({ ...user, email: '', disabled: false, sessions: 1, lastSeenAt: seen, ...more });

const main = () => within(screen.getByRole('main'));

const buttonIn = (dialog: string, name: string) => within(screen.getByRole('dialog', { name: dialog })).getByRole('button', { name });

describe('users', () => {
  async function users(refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
    let list = [account({ ...alice, role: 'admin' }), account(bob, { email: 'bob@example.org', sessions: 2 }), account({ ...person(3, 'guest-3', 'Gus'), guest: true })];
    return administration('users', (asked) => {
      const refusal = refuse(asked);
      if (refusal) return refusal;
      const { method, path, body } = asked;
      if (!path.startsWith('/admin/users')) return undefined;
      if (method === 'GET') {
        const text = new URL(path, 'http://test').searchParams.get('q') ?? '';
        return { body: { users: list.filter(({ username }) => username.includes(text)) } };
      }
      if (method === 'POST') return { body: { password: 'abcd-efgh-ijkl-mnop' } };
      const id = Number(/\d+$/.exec(path)?.[0]);
      list = list.map((one) => (one.id === id ? { ...one, ...(body as object) } : one));
      return { body: { user: list.find((one) => one.id === id) } };
    });
  }
  const row = (name: string) => {
    const item = main().getByText(name).closest('li');
    if (item === null) throw new Error(`no row of ${name}`);
    return item;
  };
  const items = () => screen.getAllByRole('menuitem').map((item) => item.textContent);

  test('finds users by a part of their name', async () => {
    const { user } = await users();
    expect((await main().findByText('Bob')).closest('li')?.textContent).toContain('bob@example.org · 2 sessions');
    await user.type(screen.getByRole('searchbox', { name: 'Search users' }), 'gue');
    expect(row('Bob').closest('ul')?.hasAttribute('inert')).toBe(true);
    await waitFor(() => expect(main().queryByText('Bob')).toBeNull());
    expect(row('Gus').textContent).toContain('Guest');
    expect(row('Gus').closest('ul')?.hasAttribute('inert')).toBe(false);
    await user.type(screen.getByRole('searchbox', { name: 'Search users' }), 'xyz');
    expect(await screen.findByText('No user found')).toBeTruthy();
  });

  test('offers actions that depend on the user', async () => {
    const { user } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    expect(items()).toEqual(['Connections', 'Make an admin…', 'New password…', 'Disable account…']);
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Actions for Gus' }));
    expect(items()).toEqual(['Connections', 'Disable account…']);
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Actions for Alice' }));
    expect(items()).toEqual(['Connections', 'Remove admin role…']);
  });

  test('disables and enables an account', async () => {
    const { user, mutations } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Disable account…' }));
    await user.click(buttonIn('Disable the account of Bob?', 'Disable account'));
    await waitFor(() => expect(row('Bob').textContent).toContain('Disabled'));
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Enable account' }));
    await waitFor(() => expect(row('Bob').textContent).not.toContain('Disabled'));
    expect(mutations.map(({ path, body }) => [path, body])).toEqual([
      ['/admin/users/2', { disabled: true }],
      ['/admin/users/2', { disabled: false }],
    ]);
  });

  test('shows a new password once', async () => {
    const { user } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'New password…' }));
    await user.click(buttonIn('Give Bob a new password?', 'Create a new password'));
    const password = await screen.findByLabelText<HTMLInputElement>('New password');
    expect(password.value).toBe('abcd-efgh-ijkl-mnop');
    expect(document.activeElement).toBe(password);
    await user.click(buttonIn('Bob has a new password', 'Done'));
    expect(screen.queryByLabelText('New password')).toBeNull();
    expect(row('Bob').textContent).toContain('no session');
  });

  test('shows why the last admin cannot be demoted', async () => {
    const { user } = await users(({ method }) => (method === 'PATCH' ? problem(403, 'FORBIDDEN', 'This is the last admin. Make another user an admin first.') : undefined));
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Alice' }));
    await user.click(screen.getByRole('menuitem', { name: 'Remove admin role…' }));
    await user.click(buttonIn('Remove your admin role?', 'Remove admin role'));
    expect((await screen.findByRole('alert')).textContent).toBe('This is the last admin. Make another user an admin first.');
  });

  test('loads a failed list after a reconnect', async () => {
    let away = true;
    const { socket, sockets } = await users(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    await main().findByText('The users could not be loaded');
    act(() => socket().end(1006));
    await main().findByText('You are offline');
    away = false;
    await until(sockets, (all) => all.length === 2);
    act(() => socket().serve(helloWithRoom()));
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'admin' } } }));
    expect(await main().findByText('Bob')).toBeTruthy();
  });
});
