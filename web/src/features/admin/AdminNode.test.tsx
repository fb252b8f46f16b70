import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import { administration, problem } from '../../test/administration';
import { stubBrowser } from '../../test/page';

beforeEach(stubBrowser);

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
