import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { onTestFinished, vi } from 'vitest';
import { Shell } from '../app/Shell';
import { alice } from './fixtures';
import { renderWithChat } from './page';

export type Asked = { method: string; path: string; body: unknown };

export const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});

/** Shows a section of the administration to alice, an admin, until the test ends. `answer` gives the response to a request, or nothing. */
export async function administration(section: string, answer: (asked: Asked) => { status?: number; body: unknown } | undefined = () => undefined) {
  const mutations: Asked[] = [];
  location.hash = `#/admin/${section}`;
  // Loads the lazy chunk before the first wait, which has a timeout.
  await import('../features/admin/AdminView');
  const rig = await renderWithChat(<Shell />, (method, path, body) => {
    if (method !== 'GET') mutations.push({ method, path, body });
    return answer({ method, path, body }) ?? { body: { rooms: [], users: [], members: [], entries: [], connections: [], silent: 0 } };
  });
  onTestFinished(() => {
    rig.chat.stop();
    location.hash = '';
    vi.unstubAllGlobals();
  });
  act(() => rig.socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'admin' } } }));
  await screen.findByRole('heading', { name: 'Administration' });
  return { ...rig, mutations, user: userEvent.setup() };
}
