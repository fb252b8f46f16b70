import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hello } from '../../test/fakeSocket';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice } from '../../test/fixtures';
import { until } from '../../test/until';
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

const standard = { maxMessageLength: 2000, messagesPer10s: 10, authPerMinute: 30, joinsPerMinute: 30, roomsPerHour: 10, socketsPerAddress: 500, maxUploadSize: 10_485_760 , uploadBytesPerDay: 500 << 20, guestUploadBytesPerDay: 50 << 20, storageBytes: 100 * 1024 ** 3};

/** A server of which alice is an admin, at one of its sections. */
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

describe('limits', () => {
  async function limits(refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
    let set = { ...standard, roomsPerHour: 3 };
    return administration('limits', (asked) => {
      if (!asked.path.startsWith('/admin/limits')) return undefined;
      const refusal = refuse(asked);
      if (refusal) return refusal;
      for (const [name, value] of Object.entries((asked.body ?? {}) as Record<string, number>)) set = { ...set, [name]: value || standard[name as keyof typeof standard] };
      return { body: { limits: set, standard } };
    });
  }
  const field = (name: string) => screen.findByLabelText<HTMLInputElement>(name);

  test('shows the source of each limit and saves only changed ones', async () => {
    const { user, mutations } = await limits();
    const length = await field('Message length, in characters');
    expect(length.value).toBe('2000');
    expect(screen.getByText('From the environment: 2000')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save limits' }).disabled).toBe(true);
    await user.clear(length);
    await user.type(length, '4000');
    await user.click(screen.getByRole('button', { name: 'New rooms per user and hour: take 10, as the environment says' }));
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('Saved.');
    expect(mutations).toEqual([{ method: 'PATCH', path: '/admin/limits', body: { maxMessageLength: 4000, roomsPerHour: 0 } }]);
    expect((await field('New rooms per user and hour')).value).toBe('10');
  });

  test('shows an invalid value beside its field, whether client or server finds it', async () => {
    const { user, mutations } = await limits(({ method }) => (method === 'PATCH' ? problem(422, 'BAD_REQUEST', 'The limit must be between 1 and 20000, or 0 for the default.', 'body.maxMessageLength') : undefined));
    const length = await field('Message length, in characters');
    await user.clear(length);
    await user.type(length, 'many');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    expect(screen.getByText('Enter a whole number of at least 1.')).toBeTruthy();
    expect(mutations).toEqual([]);
    await user.clear(length);
    await user.type(length, '99999');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('The limit must be between 1 and 20000, or 0 for the default.');
    expect(length.getAttribute('aria-invalid')).toBe('true');
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(length.value).toBe('2000');
    expect(length.getAttribute('aria-invalid')).toBeNull();
  });

  test('keeps unsaved values across a reconnect', async () => {
    let away = false;
    const { user, requests: asked, socket, sockets } = await limits(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    const length = await field('Message length, in characters');
    await user.clear(length);
    await user.type(length, '4000');
    away = true;
    act(() => socket().end(1006));
    await screen.findByText('You are not connected. This needs the server.');
    await waitFor(() => expect(asked.filter((one) => one === 'GET /admin/limits').length).toBe(2));
    away = false;
    await until(sockets, (all) => all.length === 2);
    act(() => socket().serve(hello({ user: { ...alice, role: 'admin' } })));
    await waitFor(() => expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save limits' }).disabled).toBe(false));
    expect(length.value).toBe('4000');
    expect(length.isConnected).toBe(true);
  });
});
