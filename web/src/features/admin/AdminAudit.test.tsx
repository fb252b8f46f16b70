import { screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../protocol/types';
import { administration } from '../../test/administration';
import { stubBrowser } from '../../test/page';
import { alice, bob } from '../../test/fixtures';

beforeEach(stubBrowser);

const seen = '2026-11-23T10:00:00.000Z';

const main = () => within(screen.getByRole('main'));

describe('audit log', () => {
  const entry = (id: number, more: Partial<AuditEntry>): AuditEntry => ({ id, at: seen, action: 'user.disable', detail: '', user: bob, ...more });

  test('lists actor, action and target, newest first, page by page', async () => {
    const { user, requests: asked } = await administration('audit', ({ path }) => {
      if (!path.startsWith('/admin/audit')) return undefined;
      const entries = path.includes('before=5') ? [entry(4, { action: 'user.role', actor: alice, detail: 'user → admin' })] : [entry(6, { actor: alice }), entry(5, {})];
      return { body: { entries, hasMore: !path.includes('before') } };
    });
    await main().findByText('The operator');
    expect(main().getAllByRole('listitem').map((item) => item.querySelector('p')?.textContent)).toEqual(['Alice disabled the account of Bob', 'The operator disabled the account of Bob']);
    await user.click(screen.getByRole('button', { name: 'Show older ones' }));
    await main().findByText('user → admin');
    expect(asked).toContain('GET /admin/audit?limit=50&before=5');
    expect(main().getAllByRole('heading', { level: 2 })).toHaveLength(1);
  });

  test('explains the log while it is empty', async () => {
    await administration('audit');
    expect(await main().findByText('No entries yet')).toBeTruthy();
  });
});
