import { act, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Asked, administration, problem } from '../../test/administration';
import { hello } from '../../test/fakeSocket';
import { stubBrowser } from '../../test/page';
import { alice } from '../../test/fixtures';
import { until } from '../../test/until';

beforeEach(stubBrowser);

const base = { description: 'What it is.', type: 'number', source: 'default', changedBy: 'admin', minimum: 1, maximum: 20_000 };
const limits = [
  { ...base, area: 'Limits', name: 'MAX_MESSAGE_LENGTH', label: 'Message length, in characters', value: '2000', default: '2000', limit: 'maxMessageLength' },
  { ...base, area: 'Limits', name: 'MAX_UPLOAD_SIZE', type: 'size', label: 'File size, in MB', value: '20', default: '10', environment: '20', source: 'environment', limit: 'maxUploadSize' },
  { ...base, area: 'Limits', name: 'RATE_LIMIT_ROOMS', label: 'New rooms per user and hour', value: '3', default: '10', source: 'admin', limit: 'roomsPerHour' },
];
const others = [
  { ...base, area: 'Access', name: 'SERVER_NAME', type: 'text', label: 'Name of the server', value: 'Chillin', default: 'Chillin', maximum: 60 },
  { ...base, area: 'Access', name: 'SIGNUP', type: 'choice', label: 'Who can create an account', value: 'closed', default: 'open', environment: 'closed', source: 'environment', choices: ['open', 'closed'] },
  { ...base, area: 'Access', name: 'GUESTS', type: 'boolean', label: 'Guests', value: 'true', default: 'true' },
  { ...base, area: 'Listening', name: 'PORT', label: 'PORT', value: '6000', default: '5000', source: 'environment', changedBy: 'operator' },
];

/** Answers the requests of the settings: what is set has the source admin. */
function answerSettings(refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
  let settings: ((typeof limits)[number] | (typeof others)[number])[] = [...limits, ...others];
  return (asked: Asked) => {
    if (!asked.path.startsWith('/admin/settings')) return undefined;
    const refusal = refuse(asked);
    if (refusal) return refusal;
    const { values = {} } = (asked.body ?? {}) as { values?: Record<string, string> };
    settings = settings.map((one) => {
      const value = values[one.name];
      return value === undefined ? one : { ...one, value: value || one.default, source: value === '' ? 'default' : 'admin' };
    });
    return { body: { settings } };
  };
}

const field = (name: string) => screen.findByLabelText<HTMLInputElement>(name);

describe('limits', () => {
  const open = (refuse?: Parameters<typeof answerSettings>[0]) => administration('limits', answerSettings(refuse));

  test('shows the source of each limit and saves only changed ones', async () => {
    const { user, mutations } = await open();
    const length = await field('Message length, in characters');
    expect(length.value).toBe('2000');
    expect(screen.getByText('Default: 2000')).toBeTruthy();
    expect(screen.getByText('From the environment: 20')).toBeTruthy();
    expect(screen.queryByLabelText('Guests')).toBeNull();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save limits' }).disabled).toBe(true);
    await user.clear(length);
    await user.type(length, '4000');
    await user.click(screen.getByRole('button', { name: 'New rooms per user and hour: take 10 instead' }));
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('Saved.');
    expect(mutations).toEqual([{ method: 'PATCH', path: '/admin/settings', body: { values: { MAX_MESSAGE_LENGTH: '4000', RATE_LIMIT_ROOMS: '' } } }]);
    expect((await field('New rooms per user and hour')).value).toBe('10');
  });

  test('shows an invalid value beside its field, whether client or server finds it', async () => {
    const refusal = problem(422, 'BAD_REQUEST', 'The value must be between 1 and 20000.', 'body.values.MAX_MESSAGE_LENGTH');
    const { user, mutations } = await open(({ method }) => (method === 'PATCH' ? refusal : undefined));
    const length = await field('Message length, in characters');
    await user.clear(length);
    await user.type(length, 'many');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    expect(screen.getByText('Enter a whole number of at least 1.')).toBeTruthy();
    expect(mutations).toEqual([]);
    await user.clear(length);
    await user.type(length, '99999');
    await user.click(screen.getByRole('button', { name: 'Save limits' }));
    await screen.findByText('The value must be between 1 and 20000.');
    expect(length.getAttribute('aria-invalid')).toBe('true');
    await user.click(screen.getByRole('button', { name: 'Undo' }));
    expect(length.value).toBe('2000');
    expect(length.getAttribute('aria-invalid')).toBeNull();
  });

  test('keeps unsaved values across a reconnect', async () => {
    let away = false;
    const { user, requests: asked, socket, sockets } = await open(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    const length = await field('Message length, in characters');
    await user.clear(length);
    await user.type(length, '4000');
    away = true;
    act(() => socket().end(1006));
    await screen.findByText('You are not connected. This needs the server.');
    await waitFor(() => expect(asked.filter((one) => one === 'GET /admin/settings').length).toBe(2));
    away = false;
    await until(sockets, (all) => all.length === 2);
    act(() => socket().serve(hello({ user: { ...alice, role: 'admin' } })));
    await waitFor(() => expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save limits' }).disabled).toBe(false));
    expect(length.value).toBe('4000');
    expect(length.isConnected).toBe(true);
  });
});

describe('settings of the server', () => {
  test('can be chosen, also the value that is in force, and restored', async () => {
    const { user, mutations } = await administration('server', answerSettings());
    const signUp = await screen.findByLabelText<HTMLSelectElement>('Who can create an account');
    expect([...signUp.options].map(({ text }) => text)).toEqual(['From the environment: Closed', 'Open', 'Closed']);
    expect(signUp.value).toBe('');
    expect(screen.queryByLabelText('Message length, in characters')).toBeNull();
    const guests = screen.getByLabelText<HTMLSelectElement>('Guests');
    expect([...guests.options].map(({ text }) => text)).toEqual(['Default: On', 'On', 'Off']);
    await user.selectOptions(signUp, 'Closed');
    await user.selectOptions(guests, 'Off');
    await user.click(screen.getByRole('button', { name: 'Save settings' }));
    await screen.findByText('Saved.');
    await user.selectOptions(guests, 'Default: On');
    await user.click(screen.getByRole('button', { name: 'Save settings' }));
    await waitFor(() => expect(mutations).toHaveLength(2));
    expect(mutations.map(({ body }) => body)).toEqual([{ values: { SIGNUP: 'closed', GUESTS: 'false' } }, { values: { GUESTS: '' } }]);
  });

  test('lists those of the operator without fields', async () => {
    const { user } = await administration('server', answerSettings());
    await user.click(await screen.findByText('Settings of the operator'));
    expect(screen.getByText('PORT')).toBeTruthy();
    expect(screen.getByText('6000')).toBeTruthy();
    expect(screen.queryByLabelText('PORT')).toBeNull();
  });
});
