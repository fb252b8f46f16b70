import { act, screen } from '@testing-library/react';
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

describe('administration', () => {
  test('is shown to admins only, and closes when the user is no longer an admin', async () => {
    const { socket } = await administration('users');
    expect(screen.getByRole('link', { name: 'Administration' }).getAttribute('aria-current')).toBe('page');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'user' } } }));
    expect(await screen.findByRole('heading', { name: 'Find rooms' })).toBeTruthy();
    expect(screen.queryByRole('link', { name: 'Administration' })).toBeNull();
  });
});
