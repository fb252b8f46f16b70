import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { AccountDialog } from '../account/AccountDialog';
import { RoomView } from '../room/RoomView';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  localStorage.clear();
  vi.unstubAllGlobals();
});

type Asked = { method: string; path: string; body: unknown };
const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});

/** Alice in room 7 with a role of hers; the server does as it is told unless refuse says otherwise. */
async function inRoom(role: RoomRole, refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
  const roles = new Map<number, RoomRole>([[alice.id, role], [bob.id, 'member'], [3, 'admin']]);
  const people = [alice, bob, person(3, 'cleo', 'Cleo')];
  const told: Asked[] = [];
  const updated = () => {
    const ownerId = [...roles].find(([, one]) => one === 'owner')?.[0] ?? 0;
    return { type: 'room:updated', data: { room: room(7, { name: 'general', ownerId }) } };
  };
  const rig = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => {
    if (method === 'GET') {
      const members = people.filter(({ id }) => roles.has(id)).map((user) => ({ user, role: roles.get(user.id), status: 'online' }));
      return { body: { members } };
    }
    told.push({ method, path, body });
    const refusal = refuse({ method, path, body });
    if (refusal) return refusal;
    const member = Number(/members\/(\d+)/.exec(path)?.[1] ?? 0);
    if (member > 0 && method === 'DELETE') roles.delete(member);
    if (member > 0 && method === 'PATCH') {
      const next = (body as { role: RoomRole }).role;
      if (next === 'owner') roles.set(alice.id, 'admin');
      roles.set(member, next);
      // As on the wire: the event comes before the answer.
      act(() => present?.socket().serve(updated()));
    }
    return method === 'DELETE' ? { status: 204, body: null } : { body: { room: room(7, { name: 'general', ...(body as object) }) } };
  });
  present = rig;
  // Her role comes as it does on the wire: with the room, and the list of its members.
  act(() => rig.socket().serve(updated()));
  await screen.findByText('Cleo');
  return { ...rig, told, user: userEvent.setup() };
}

describe('members', () => {
  const actionsFor = (name: string) => screen.findByRole('button', { name: `Actions for ${name}` });
  const items = () => screen.getAllByRole('menuitem').map((item) => item.textContent);

  test('an owner gives roles, hands over and removes', async () => {
    const { user, told } = await inRoom('owner');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message', 'Make a moderator', 'Make an admin', 'Hand the room over…', 'Mute…', 'Remove from the room…', 'Ban…']);
    await user.click(screen.getByRole('menuitem', { name: 'Make a moderator' }));
    expect(await screen.findByText('Moderator')).toBeTruthy();
    expect(told).toContainEqual({ method: 'PATCH', path: '/rooms/7/members/2', body: { role: 'moderator' } });

    const button = await actionsFor('Bob');
    await user.click(button);
    await user.click(screen.getByRole('menuitem', { name: /^Remove/ }));
    await user.click(within(screen.getByRole('dialog', { name: 'Remove Bob?' })).getByRole('button', { name: 'Cancel' }));
    expect(document.activeElement).toBe(button);
    await user.click(button);
    await user.click(screen.getByRole('menuitem', { name: /^Remove/ }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Remove' }));
    await waitFor(() => expect(screen.queryByText('Bob')).toBeNull());
  });

  test('a moderator keeps order among plain members', async () => {
    const { user } = await inRoom('moderator');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message', 'Mute…', 'Remove from the room…', 'Ban…']);
  });

  test('a member may only talk to others', async () => {
    const { user } = await inRoom('member');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message']);
    expect(screen.queryByRole('button', { name: 'Settings of general' })).toBeNull();
  });

  test('a refusal is told beside the member', async () => {
    const { user } = await inRoom('owner', () => problem(403, 'FORBIDDEN', 'Your role does not allow this.'));
    await user.click(await actionsFor('Bob'));
    await user.click(screen.getByRole('menuitem', { name: 'Make an admin' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Your role does not allow this.');
  });

  test('who handed the room over is an admin afterwards', async () => {
    const { user } = await inRoom('owner');
    await user.click(await actionsFor('Bob'));
    await user.click(screen.getByRole('menuitem', { name: /^Hand/ }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Hand over' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await waitFor(() => expect(present?.chat.rooms.get(7)?.role).toBe('admin'));
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message']);
  });
});

describe('room settings', () => {
  test('only what was changed is sent', async () => {
    const { user, told } = await inRoom('owner');
    const button = await screen.findByRole('button', { name: 'Settings of general' });
    await user.click(button);
    await user.type(screen.getByLabelText('What it is about'), 'All and nothing');
    await user.click(screen.getByLabelText('Private'));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(told).toEqual([{ method: 'PATCH', path: '/rooms/7', body: { description: 'All and nothing', private: true } }]);
    expect(screen.getByText('All and nothing')).toBeTruthy();
    expect(document.activeElement).toBe(button);
  });

  test('a taken name is told at its field', async () => {
    const { user } = await inRoom('owner', () => problem(409, 'ROOM_NAME_TAKEN', 'That name is taken.'));
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    const name = screen.getByLabelText('Name');
    await user.type(name, '2');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await screen.findByText('That name is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  test('a room is deleted by typing its name', async () => {
    const { user, told } = await inRoom('owner');
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    await user.click(screen.getByRole('button', { name: 'Delete room…' }));
    const deletes = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Delete room' });
    await user.type(screen.getByLabelText('Type general to confirm'), 'genera');
    expect(deletes().disabled).toBe(true);
    await user.keyboard('l');
    await user.click(deletes());
    expect(await screen.findByText('You are not in this room')).toBeTruthy();
    expect(told).toEqual([{ method: 'DELETE', path: '/rooms/7', body: undefined }]);
  });

  test('an admin changes the room but does not delete it; offline nobody does', async () => {
    const { user, socket } = await inRoom('admin');
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    expect(screen.queryByRole('button', { name: 'Delete room…' })).toBeNull();
    act(() => socket().end(1006));
    expect(await screen.findByText('You are not connected. This needs the server.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save' }).disabled).toBe(true);
  });
});

describe('account', () => {
  const here = { id: 1, userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', ip: '10.0.0.1', createdAt: '2026-11-01T10:00:00.000Z', lastSeenAt: '2026-11-23T10:00:00.000Z', current: true };
  const phone = { ...here, id: 2, userAgent: 'Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36', ip: '10.0.0.2', current: false };

  async function account(refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
    let sessions = [phone, here];
    const rig = await renderWithChat(<AccountDialog onClose={() => undefined} />, (method, path, body) => {
      const refusal = refuse({ method, path, body });
      if (refusal) return refusal;
      if (method === 'DELETE') sessions = [here];
      return method === 'GET' ? { body: { sessions } } : { status: 204, body: null };
    });
    present = rig;
    return { ...rig, user: userEvent.setup() };
  }

  test('lists where one is signed in and ends a session', async () => {
    const { user, requests: asked } = await account();
    const list = await screen.findByRole('list');
    expect(within(list).getAllByRole('listitem').map((item) => item.textContent?.split('·')[0])).toEqual([
      'Firefox on Linux This device10.0.0.1 ',
      'Chrome on Android 10.0.0.2 ',
    ]);
    await user.click(screen.getByRole('button', { name: 'End the session of Chrome on Android, 10.0.0.2' }));
    await waitFor(() => expect(within(list).getAllByRole('listitem')).toHaveLength(1));
    expect(asked).toContain('DELETE /auth/sessions/2');
  });

  test('a failed list can be asked for again', async () => {
    let away = true;
    const { user } = await account(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    await screen.findByText('The list could not be loaded');
    away = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('This device')).toBeTruthy();
  });

  test('a wrong present password is told at its field, then the change is confirmed', async () => {
    const { user } = await account(({ method, body }) =>
      method === 'PUT' && (body as { current: string }).current !== 'old password' ? problem(403, 'WRONG_PASSWORD', 'That is not your password.') : undefined,
    );
    const present = screen.getByLabelText('Present password');
    await user.type(present, 'a guess');
    await user.type(screen.getByLabelText('New password'), 'new password');
    await user.click(screen.getByRole('button', { name: 'Change password' }));
    await screen.findByText('That is not your password.');
    expect(present.getAttribute('aria-invalid')).toBe('true');
    await user.clear(present);
    await user.type(present, 'old password');
    await user.click(screen.getByRole('button', { name: 'Change password' }));
    expect(await screen.findByText(/Your password is changed/)).toBeTruthy();
    expect((present as HTMLInputElement).value).toBe('');
  });

  test('a status is told, and told again on the next connection', async () => {
    const { user, command, socket } = await account();
    await user.click(screen.getByRole('radio', { name: 'Busy' }));
    expect((await command('presence:set')).data).toEqual({ status: 'busy' });
    act(() => socket().serve({ type: 'connected', data: { user: alice, epoch: 'e1', rooms: [] } }));
    expect((await command('presence:set', 2)).data).toEqual({ status: 'busy' });
  });
});
