import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

type Asked = { method: string; path: string; body: unknown };

const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});

/** Shows a section of the administration to alice, an admin. */
async function administration(section: string, answer: (asked: Asked) => { status?: number; body: unknown } | undefined = () => undefined) {
  const mutations: Asked[] = [];
  location.hash = `#/admin/${section}`;
  // Loads the lazy chunk before the first wait, which has a timeout.
  await import('./AdminView');
  const rig = await renderWithChat(<Shell />, (method, path, body) => {
    if (method !== 'GET') mutations.push({ method, path, body });
    return answer({ method, path, body }) ?? { body: { rooms: [], users: [], members: [], entries: [], connections: [], silent: 0 } };
  });
  testChat = rig;
  act(() => rig.socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'admin' } } }));
  await screen.findByRole('heading', { name: 'Administration' });
  return { ...rig, mutations, user: userEvent.setup() };
}

const main = () => within(screen.getByRole('main'));

describe('server status', () => {
  test('shows the version and warnings for the operator', async () => {
    await administration('users', ({ path }) => {
      if (path === '/health') return { body: { status: 'ok', version: 'v1.2.3', commit: '0123456789ab' } };
      if (path === '/health/ready') return { status: 503, body: { status: 'unavailable', warnings: ['untrusted_proxy', 'new_one'] } };
      return undefined;
    });
    expect(await main().findByText('Chillin v1.2.3 (0123456789ab)')).toBeTruthy();
    const warnings = main().getAllByRole('alert').map((alert) => alert.textContent);
    expect(warnings).toEqual([expect.stringContaining('TRUST_PROXY'), 'The server reports: new_one.']);
  });

  const lastBackup = { finishedAt: '2026-11-23T10:00:00.000Z', messages: 1234, files: 1, bytes: 9 };

  test('shows when the last backup was made', async () => {
    await administration('users', ({ path }) => (path.endsWith('/admin/server') ? { body: { lastBackup, backupOverdue: false } } : undefined));
    const line = await main().findByText(/^Last backup: /);
    expect(line.textContent).toContain(`with ${(1234).toLocaleString()} messages and 1 file`);
    expect(line.querySelector('time')?.getAttribute('datetime')).toBe(lastBackup.finishedAt);
    expect(main().queryByRole('alert')).toBeNull();
  });

  test.each([
    ['there is none', { backupOverdue: true }, 'There is no backup of this server.'],
    ['the last one is old', { lastBackup, backupOverdue: true }, 'The last backup of this server is old'],
  ])('asks for a backup if %s', async (_, body, text) => {
    await administration('users', ({ path }) => (path.endsWith('/admin/server') ? { body } : undefined));
    const alert = await main().findByRole('alert');
    expect(alert.textContent).toContain(text);
    expect(alert.textContent).toContain('chillin backup FOLDER');
  });

  test('says nothing about backups if the server does not report them', async () => {
    const { requests: asked } = await administration('users', ({ path }) => (path.endsWith('/admin/server') ? problem(404, 'NOT_FOUND', 'Not found.') : undefined));
    await waitFor(() => expect(asked).toContain('GET /admin/server'));
    expect(main().queryByText(/backup/i)).toBeNull();
  });
});
