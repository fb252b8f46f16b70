import { act, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../protocol/types';
import { administration } from '../../test/administration';
import { stubBrowser } from '../../test/page';
import { alice, bob } from '../../test/fixtures';

beforeEach(stubBrowser);

const main = () => within(screen.getByRole('main'));

describe('connections', () => {
  const connection = (id: string, user: typeof alice, node: string): Connection => ({
    id,
    user: { id: user.id, username: user.username, displayName: user.displayName, avatarUrl: '' },
    sessionId: 1,
    node,
    address: '10.0.0.9',
    userAgent: 'curl/8.5.0',
    connectedAt: new Date(Date.now() - 120_000).toISOString(),
    rooms: [7],
  });

  test('shows node and age, refreshes the list and closes a connection', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let live = [connection('n1-1', alice, 'n1')];
    const { user, mutations } = await administration('connections', ({ method, path }) => {
      if (!path.startsWith('/admin/connections')) return undefined;
      return method === 'GET' ? { body: { connections: live, silent: 1 } } : { status: 204, body: null };
    });
    await main().findByText('Alice');
    expect(main().getByRole('listitem').textContent).toContain('2 min · curl · 10.0.0.9 · n1 · 1 room');
    expect(main().getByText('One node does not answer: its connections are missing.')).toBeTruthy();
    live = [connection('n2-1', bob, 'n2'), ...live];
    act(() => void vi.advanceTimersByTime(5_000));
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Close the connection of Bob, curl, 10.0.0.9' }));
    await waitFor(() => expect(main().queryByText('Bob')).toBeNull());
    expect(mutations).toEqual([{ method: 'DELETE', path: '/admin/connections/n2-1', body: undefined }]);
    vi.useRealTimers();
  });

  test('can be limited to one user', async () => {
    const { requests: asked } = await administration('connections/2');
    await main().findByText('This user is not connected');
    expect(asked).toContain('GET /admin/connections?limit=100&userId=2');
    expect(main().getByRole('link', { name: 'Show all' }).getAttribute('href')).toBe('#/admin/connections');
  });
});
