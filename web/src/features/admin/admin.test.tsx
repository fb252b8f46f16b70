import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Account, AuditEntry, Connection } from '../../protocol/types';
import { hello } from '../../test/fakeSocket';
import { renderWithChat, stubBrowser } from '../../test/page';
import { helloWithRoom, type TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { until } from '../../test/until';
import { Shell } from '../../app/Shell';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

type Asked = { method: string; path: string; body: unknown };
const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});
const seen = '2026-11-23T10:00:00.000Z';
const account = (user: typeof alice, more: Partial<Account> = {}): Account => ({ ...user, email: '', disabled: false, sessions: 1, lastSeenAt: seen, ...more });
const standard = { maxMessageLength: 2000, messagesPer10s: 10, authPerMinute: 30, joinsPerMinute: 30, roomsPerHour: 10, socketsPerAddress: 500, maxUploadSize: 10_485_760 , uploadBytesPerDay: 500 << 20, guestUploadBytesPerDay: 50 << 20, storageBytes: 100 * 1024 ** 3};

/** A server of which alice is an admin, at one of its sections. */
async function administration(section: string, answer: (asked: Asked) => { status?: number; body: unknown } | undefined = () => undefined) {
  const told: Asked[] = [];
  location.hash = `#/admin/${section}`;
  const rig = await renderWithChat(<Shell />, (method, path, body) => {
    if (method !== 'GET') told.push({ method, path, body });
    return answer({ method, path, body }) ?? { body: { rooms: [], users: [], members: [], entries: [], connections: [], silent: 0 } };
  });
  present = rig;
  act(() => rig.socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'admin' } } }));
  await screen.findByRole('heading', { name: 'Administration' });
  return { ...rig, told, user: userEvent.setup() };
}

const main = () => within(screen.getByRole('main'));
const buttonIn = (dialog: string, name: string) => within(screen.getByRole('dialog', { name: dialog })).getByRole('button', { name });

describe('the way in', () => {
  test('only an admin is shown it, and who is one no more is back among the rooms', async () => {
    const { socket } = await administration('users');
    expect(screen.getByRole('link', { name: 'Administration' }).getAttribute('aria-current')).toBe('page');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...alice, role: 'user' } } }));
    expect(screen.getByRole('heading', { name: 'Find rooms' })).toBeTruthy();
    expect(screen.queryByRole('link', { name: 'Administration' })).toBeNull();
  });
});

describe('the server itself', () => {
  test('shows its version and what the operator should correct', async () => {
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

  test('are found by a part of their name', async () => {
    const { user } = await users();
    expect((await main().findByText('Bob')).closest('li')?.textContent).toContain('bob@example.org · 2 sessions');
    await user.type(screen.getByRole('searchbox', { name: 'Search users' }), 'gue');
    await waitFor(() => expect(main().queryByText('Bob')).toBeNull());
    expect(row('Gus').textContent).toContain('Guest');
    await user.type(screen.getByRole('searchbox', { name: 'Search users' }), 'xyz');
    expect(await screen.findByText('Nobody found')).toBeTruthy();
  });

  test('what may be done depends on who it is', async () => {
    const { user } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    expect(items()).toEqual(['Connections', 'Make an admin…', 'New password…', 'Lock out…']);
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Actions for Gus' }));
    expect(items()).toEqual(['Connections', 'Lock out…']);
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Actions for Alice' }));
    expect(items()).toEqual(['Connections', 'Make a plain user…']);
  });

  test('one is locked out and let in again', async () => {
    const { user, told } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Lock out…' }));
    await user.click(buttonIn('Lock Bob out?', 'Lock out'));
    await waitFor(() => expect(row('Bob').textContent).toContain('Locked out'));
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Let in again' }));
    await waitFor(() => expect(row('Bob').textContent).not.toContain('Locked out'));
    expect(told.map(({ path, body }) => [path, body])).toEqual([
      ['/admin/users/2', { disabled: true }],
      ['/admin/users/2', { disabled: false }],
    ]);
  });

  test('a new password is told once', async () => {
    const { user } = await users();
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'New password…' }));
    await user.click(buttonIn('Give Bob a new password?', 'Make a new password'));
    const password = await screen.findByLabelText<HTMLInputElement>('New password');
    expect(password.value).toBe('abcd-efgh-ijkl-mnop');
    expect(document.activeElement).toBe(password);
    await user.click(buttonIn('Bob has a new password', 'Done'));
    expect(screen.queryByLabelText('New password')).toBeNull();
    expect(row('Bob').textContent).toContain('no session');
  });

  test('the last admin stays one, and why is told', async () => {
    const { user } = await users(({ method }) => (method === 'PATCH' ? problem(403, 'FORBIDDEN', 'This is the last admin: make somebody else an admin first.') : undefined));
    await main().findByText('Bob');
    await user.click(screen.getByRole('button', { name: 'Actions for Alice' }));
    await user.click(screen.getByRole('menuitem', { name: 'Make a plain user…' }));
    await user.click(buttonIn('Make yourself a plain user?', 'Make a plain user'));
    expect((await screen.findByRole('alert')).textContent).toBe('This is the last admin: make somebody else an admin first.');
  });

  test('a list that failed comes with the connection', async () => {
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

describe('rooms', () => {
  test('all are listed, those that are open lead inside, and one is deleted by typing its name', async () => {
    const rooms = [room(7, { name: 'general', private: true }), room(8, { name: 'open house' }), room(9, { name: 'secret', private: true, hasPassword: true })];
    const { user, told } = await administration('rooms', ({ method, path }) => {
      if (!path.startsWith('/admin/rooms')) return undefined;
      return method === 'GET' ? { body: { rooms } } : { status: 204, body: null };
    });
    await main().findByText('secret');
    // Into room 7 as its member, into 8 as everybody.
    expect(main().getAllByRole('link', { name: /^Open / }).map((link) => link.getAttribute('href'))).toEqual(['#/room/7', '#/room/8']);
    await user.click(screen.getByRole('button', { name: 'Delete secret' }));
    await user.type(screen.getByLabelText('Type secret to confirm'), 'secret');
    await user.click(buttonIn('Delete secret?', 'Delete room'));
    await waitFor(() => expect(main().queryByText('secret')).toBeNull());
    expect(told).toEqual([{ method: 'DELETE', path: '/admin/rooms/9', body: undefined }]);
  });

  test('further pages follow', async () => {
    const { user } = await administration('rooms', ({ path }) => {
      if (!path.startsWith('/admin/rooms')) return undefined;
      return { body: path.includes('cursor=c1') ? { rooms: [room(9, { name: 'second' })] } : { rooms: [room(8, { name: 'first' })], nextCursor: 'c1' } };
    });
    await user.click(await screen.findByRole('button', { name: 'Show more' }));
    await main().findByText('second');
    expect(main().getByText('first')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
  });
});

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

  test('are told with node and age, kept up to date, and closed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let live = [connection('n1-1', alice, 'n1')];
    const { user, told } = await administration('connections', ({ method, path }) => {
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
    expect(told).toEqual([{ method: 'DELETE', path: '/admin/connections/n2-1', body: undefined }]);
    vi.useRealTimers();
  });

  test('may be those of one user', async () => {
    const { requests: asked } = await administration('connections/2');
    await main().findByText('They are not connected');
    expect(asked).toContain('GET /admin/connections?limit=100&userId=2');
    expect(main().getByRole('link', { name: 'Show all' }).getAttribute('href')).toBe('#/admin/connections');
  });
});

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

  test('are told with where they come from, and only what was changed is saved', async () => {
    const { user, told } = await limits();
    const length = await field('Characters of a message');
    expect(length.value).toBe('2000');
    expect(screen.getByText('From the environment: 2000')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save limits' }).disabled).toBe(true);
    await user.clear(length);
    await user.type(length, '4000');
    await user.click(screen.getByRole('button', { name: 'Rooms that a user makes in an hour: take 10, as the environment says' }));
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('Saved.');
    expect(told).toEqual([{ method: 'PATCH', path: '/admin/limits', body: { maxMessageLength: 4000, roomsPerHour: 0 } }]);
    expect((await field('Rooms that a user makes in an hour')).value).toBe('10');
  });

  test('what cannot be is told beside its field, by us or by the server', async () => {
    const { user, told } = await limits(({ method }) => (method === 'PATCH' ? problem(422, 'BAD_REQUEST', 'It is 1 to 20000, or 0 for the standard.', 'body.maxMessageLength') : undefined));
    const length = await field('Characters of a message');
    await user.clear(length);
    await user.type(length, 'many');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    expect(screen.getByText('It takes a whole number from 1.')).toBeTruthy();
    expect(told).toEqual([]);
    await user.clear(length);
    await user.type(length, '99999');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('It is 1 to 20000, or 0 for the standard.');
    expect(length.getAttribute('aria-invalid')).toBe('true');
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(length.value).toBe('2000');
    expect(length.getAttribute('aria-invalid')).toBeNull();
  });

  test('what is written and not saved outlives a break of the connection', async () => {
    let away = false;
    const { user, requests: asked, socket, sockets } = await limits(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    const length = await field('Characters of a message');
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

describe('audit log', () => {
  const entry = (id: number, more: Partial<AuditEntry>): AuditEntry => ({ id, at: seen, action: 'user.disable', detail: '', user: bob, ...more });

  test('tells who did what to whom, the newest first, page by page', async () => {
    const { user, requests: asked } = await administration('audit', ({ path }) => {
      if (!path.startsWith('/admin/audit')) return undefined;
      const entries = path.includes('before=5') ? [entry(4, { action: 'user.role', actor: alice, detail: 'user → admin' })] : [entry(6, { actor: alice }), entry(5, {})];
      return { body: { entries, hasMore: !path.includes('before') } };
    });
    await main().findByText('The operator');
    expect(main().getAllByRole('listitem').map((item) => item.querySelector('p')?.textContent)).toEqual(['Alice locked Bob out', 'The operator locked Bob out']);
    await user.click(screen.getByRole('button', { name: 'Show older ones' }));
    await main().findByText('user → admin');
    expect(asked).toContain('GET /admin/audit?limit=50&before=5');
    expect(main().getAllByRole('heading', { level: 2 })).toHaveLength(1);
  });

  test('an empty one says what will be there', async () => {
    await administration('audit');
    expect(await main().findByText('Nothing to tell yet')).toBeTruthy();
  });
});
