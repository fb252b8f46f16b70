import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OutgoingWebhook } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { room } from '../../test/fixtures';
import { RoomDialogs, Webhooks } from '../lazy';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

beforeAll(() => Promise.all([Webhooks.preload(), RoomDialogs.preload()]));

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});
const created = '2026-11-23T10:00:00.000Z';
const receiver: OutgoingWebhook = { id: 1, roomId: 7, url: 'https://example.org/chat', delivered: 0, failures: 0, lastError: '', createdAt: created, createdBy: { id: 1, username: 'alice', displayName: 'Alice', avatarUrl: '' }, paused: false };

type Asked = { method: string; path: string };

/** Alice, an admin of room 7, with the webhooks dialog open. */
async function webhooks(outgoing: OutgoingWebhook[] = [], refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
  let incoming: object[] = [];
  let receivers = outgoing;
  const rig = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => {
    const refusal = refuse({ method, path });
    if (refusal) return refusal;
    const kind = /webhooks\/(incoming|outgoing)/.exec(path)?.[1];
    if (kind === undefined) return { body: { members: [] } };
    if (method === 'GET') return { body: { webhooks: kind === 'incoming' ? incoming : receivers } };
    const id = Number(/\/(\d+)(?:\/resume)?$/.exec(path)?.[1]);
    if (path.endsWith('/resume')) {
      receivers = receivers.map((one) => (one.id === id ? { ...receiver, id, url: one.url } : one));
      return { body: { webhook: receivers.find((one) => one.id === id) } };
    }
    if (method === 'DELETE') {
      if (kind === 'incoming') incoming = [];
      else receivers = receivers.filter((one) => one.id !== id);
      return { status: 204, body: null };
    }
    if (kind === 'incoming') {
      const hook = { id: 1, roomId: 7, name: (body as { name: string }).name, userId: 9, createdAt: created, createdBy: { id: 1, username: 'alice', displayName: 'Alice', avatarUrl: '' }, paused: false };
      incoming = [hook];
      return { status: 201, body: { webhook: { ...hook, url: 'https://chat.test/api/v1/hooks/t0ken', token: 't0ken' } } };
    }
    const hook = { ...receiver, id: 2, url: (body as { url: string }).url };
    receivers = [...receivers, hook];
    return { status: 201, body: { webhook: { ...hook, secret: 's3cret' } } };
  });
  testChat = rig;
  act(() => rig.socket().serve({ type: 'membership:updated', data: { membership: { roomId: 7, userId: 1, role: 'admin', joinedAt: created, lastRead: 0 } } }));
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
  await screen.findByRole('dialog');
  await user.click(screen.getByRole('button', { name: 'Webhooks…' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Webhooks' }));
  await dialog.findByRole('heading', { name: 'Outgoing webhooks' });
  return { ...rig, dialog, user };
}

describe('incoming', () => {
  test('shows a new URL once, lists it by name and revokes it after confirmation', async () => {
    const { dialog, user, requests: asked } = await webhooks();
    await waitFor(() => expect(dialog.getAllByText('There are none yet.')).toHaveLength(2));
    await user.type(dialog.getByLabelText('Name'), 'Build server');
    await user.click(dialog.getByRole('button', { name: 'Create URL' }));
    const address = await dialog.findByLabelText<HTMLInputElement>('URL of Build server');
    expect(address.value).toBe('https://chat.test/api/v1/hooks/t0ken');
    expect(document.activeElement).toBe(address);
    await user.click(dialog.getByRole('button', { name: 'Copy' }));
    expect(await navigator.clipboard.readText()).toBe('https://chat.test/api/v1/hooks/t0ken');
    expect(dialog.getByText(/^Copied\./)).toBeTruthy();

    await user.click(dialog.getByRole('button', { name: 'Revoke the URL of Build server' }));
    const question = within(screen.getByRole('dialog', { name: 'Revoke the URL of Build server?' }));
    await user.click(question.getByRole('button', { name: 'Revoke' }));
    await waitFor(() => expect(dialog.queryByText('Build server')).toBeNull());
    expect(dialog.queryByLabelText('URL of Build server')).toBeNull();
    expect(asked).toContain('DELETE /rooms/7/webhooks/incoming/1');
  });

  test('shows the error of a full room and retries failed lists', async () => {
    let away = true;
    const { dialog, user } = await webhooks([], ({ method, path }) => {
      if (method === 'POST') return problem(403, 'FORBIDDEN', 'A room has at most 10 webhooks of a kind.');
      return away && path.includes('/webhooks/') ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined;
    });
    await dialog.findByText('The incoming webhooks could not be loaded');
    away = false;
    await user.click(dialog.getAllByRole('button', { name: 'Try again' })[0] as HTMLElement);
    expect(await dialog.findByText('There are none yet.')).toBeTruthy();
    await user.type(dialog.getByLabelText('Name'), 'One more');
    await user.click(dialog.getByRole('button', { name: 'Create URL' }));
    expect((await dialog.findByRole('alert')).textContent).toBe('A room has at most 10 webhooks of a kind.');
  });
});

describe('outgoing', () => {
  test('shows a secret once, and an invalid URL beside its field', async () => {
    let refused = true;
    const { dialog, user } = await webhooks([], ({ method }) => (method === 'POST' && refused ? problem(422, 'BAD_REQUEST', 'Webhooks cannot send to this address.', 'body.url') : undefined));
    const url = dialog.getByLabelText('URL');
    await user.type(url, 'http://127.0.0.1/');
    await user.click(dialog.getByRole('button', { name: 'Add URL' }));
    await dialog.findByText('Webhooks cannot send to this address.');
    expect(url.getAttribute('aria-invalid')).toBe('true');
    refused = false;
    await user.clear(url);
    await user.type(url, 'https://example.org/news');
    await user.click(dialog.getByRole('button', { name: 'Add URL' }));
    expect((await dialog.findByLabelText<HTMLInputElement>('Secret of example.org')).value).toBe('s3cret');
    expect(dialog.getByText('https://example.org/news')).toBeTruthy();
    expect(dialog.getByText('Up to date.')).toBeTruthy();
  });

  test('a failing webhook shows the reason; one that was given up or is paused can be resumed', async () => {
    const bob = { id: 2, username: 'bob', displayName: 'Bob', avatarUrl: '' };
    const { dialog, user } = await webhooks([
      { ...receiver, id: 4, url: 'https://slow.test/', failures: 3, lastError: 'no answer within 10 seconds', nextTryAt: created },
      { ...receiver, id: 5, url: 'https://gone.test/', failures: 1, lastError: 'answered 410 Gone', disabledAt: created },
      { ...receiver, id: 6, url: 'https://bob.test/', createdBy: bob, paused: true },
    ]);
    const items = () => dialog.getAllByRole('listitem').map((item) => item.textContent);
    await dialog.findByText('https://gone.test/');
    expect(items()[0]).toMatch(/^https:\/\/slow\.test\/Failing no answer within 10 seconds\. Tried 3 times, next at/);
    expect(items()[1]).toMatch(/^https:\/\/gone\.test\/Given up .*: answered 410 Gone\./);
    expect(items()[2]).toMatch(/^https:\/\/bob\.test\/Paused Bob can no longer manage webhooks here\.Made by Bob/);
    await user.click(dialog.getByRole('button', { name: 'Resume https://gone.test/' }));
    await waitFor(() => expect(items()[1]).toMatch(/Up to date/));
    await user.click(dialog.getByRole('button', { name: 'Resume https://bob.test/' }));
    await waitFor(() => expect(items()[2]).toMatch(/Up to date\.Made by Alice/));
    expect(dialog.queryByRole('button', { name: /^Resume/ })).toBeNull();
  });

  test('cannot be created or deleted offline', async () => {
    const { dialog, socket } = await webhooks([receiver]);
    await dialog.findByText(receiver.url);
    act(() => socket().end(1006));
    await waitFor(() => expect(dialog.getByRole<HTMLButtonElement>('button', { name: `Delete ${receiver.url}` }).disabled).toBe(true));
    expect(dialog.getByRole<HTMLButtonElement>('button', { name: 'Create URL' }).disabled).toBe(true);
  });
});

test('does not offer webhooks to members who are not admins', async () => {
  testChat = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : { room: room(7) } }));
  expect(screen.queryByRole('button', { name: 'Settings of general' })).toBeNull();
});
