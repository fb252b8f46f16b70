import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import { useRoute } from '../../hooks/useRoute';
import { hello } from '../../test/fakeSocket';
import { alice, room } from '../../test/fixtures';
import { stubBrowser } from '../../test/page';
import { createTestChat } from '../../test/testChat';
import { AdminWelcome } from './AdminWelcome';

beforeEach(() => {
  stubBrowser();
  location.hash = '';
});

afterEach(() => {
  location.hash = '';
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function Page() {
  return <AdminWelcome route={useRoute()} />;
}

const invite = { id: 4, expiresAt: new Date(Date.now() + 86_400_000).toISOString(), usesLeft: null, createdAt: '2026-11-01T10:00:00.000Z', createdBy: { id: 1, username: 'alice', displayName: 'Alice', avatarUrl: '' } };

/** The first visit of alice. create gives the status of the answer when a room is created. */
async function firstVisit({ rooms = () => 201, invites = () => 201 }: { rooms?: () => number; invites?: () => number } = {}) {
  const rig = await createTestChat((method, path) => {
    const status = path === '/rooms' ? rooms() : invites();
    if (status >= 400) return { status, body: { status, title: 'No', detail: 'Not right now.', code: 'UNAVAILABLE' } };
    if (path === '/rooms') return { status, body: { room: room(5, { name: 'general' }) } };
    return method === 'POST' ? { status, body: { invite: { ...invite, token: 'abc', url: '/invite/abc' } } } : { body: { invites: [invite] } };
  });
  await rig.chat.start();
  rig.chat.firstRun.begin();
  render(<ChatContext value={rig.chat}><Page /></ChatContext>);
  act(() => rig.socket().serve(hello({ user: alice, rooms: [] })));
  return { ...rig, user: userEvent.setup() };
}

const link = () => screen.queryByLabelText<HTMLInputElement>('Invite link')?.value;

test('opens the first room, and shows a hint with an invite until it is dismissed', async () => {
  const { chat, user } = await firstVisit();
  await screen.findByRole('region', { name: 'You are the administrator of this server' });
  expect([location.hash, link()]).toEqual(['#/room/5', `${location.origin}/invite/abc`]);
  expect(screen.getByRole('link', { name: 'Manage users and limits' }).getAttribute('href')).toBe('#/admin/users');
  expect(screen.getByRole('link', { name: 'Choose who may come in' }).getAttribute('href')).toBe('#/admin/server');
  await user.click(screen.getByRole('button', { name: 'Copy' }));
  expect(await navigator.clipboard.readText()).toBe(`${location.origin}/invite/abc`);

  // Other rooms do not show it.
  location.hash = '#/room/7';
  await waitFor(() => expect(screen.queryByRole('region')).toBeNull());
  location.hash = '#/room/5';
  await user.click(await screen.findByRole('button', { name: 'Dismiss this hint' }));
  expect(screen.queryByRole('region')).toBeNull();
  expect([chat.firstRun.state.getSnapshot(), localStorage.getItem(Object.keys(localStorage).find((key) => key.endsWith('first-run')) ?? '')]).toEqual([{ kind: 'none' }, null]);
});

test('stays on a page that the user opened meanwhile', async () => {
  location.hash = '#/find';
  const { chat } = await firstVisit();
  await waitFor(() => expect(chat.firstRun.state.getSnapshot()).toEqual({ kind: 'shown', roomId: 5 }));
  expect([location.hash, screen.queryByRole('region')]).toEqual(['#/find', null]);
});

test('tries again if the server is unavailable', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  let calls = 0;
  await firstVisit({ rooms: () => (++calls === 1 ? 503 : 201) });
  await waitFor(() => expect(calls).toBe(1));
  await act(() => vi.advanceTimersByTimeAsync(3_000));
  await screen.findByRole('region');
  expect(calls).toBe(2);
});

test('offers to create the invite if that failed', async () => {
  let fails = true;
  const { user } = await firstVisit({ invites: () => (fails ? 503 : 201) });
  const button = await screen.findByRole('button', { name: 'Create an invite link' });
  expect(link()).toBeUndefined();
  fails = false;
  await user.click(button);
  await waitFor(() => expect(link()).toBe(`${location.origin}/invite/abc`));
});
