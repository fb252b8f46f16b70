import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuditEntry } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob } from '../../test/fixtures';
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

const seen = '2026-11-23T10:00:00.000Z';

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
