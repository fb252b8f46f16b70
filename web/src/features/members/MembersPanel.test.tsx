import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

// Loads the panel before the first wait, which has a timeout.
beforeAll(() => import('./MembersPanel'));

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  localStorage.clear();
  vi.unstubAllGlobals();
});

type Asked = { method: string; path: string; body: unknown };

const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});

/** Alice in room 7 with a role. The server accepts every request unless refuse returns an error. */
async function inRoom(role: RoomRole, refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
  const roles = new Map<number, RoomRole>([[alice.id, role], [bob.id, 'member'], [3, 'admin']]);
  const people = [alice, bob, person(3, 'cleo', 'Cleo')];
  const mutations: Asked[] = [];
  const updated = () => {
    const ownerId = [...roles].find(([, one]) => one === 'owner')?.[0] ?? 0;
    return { type: 'room:updated', data: { room: room(7, { name: 'general', ownerId }) } };
  };
  const rig = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => {
    if (method === 'GET') {
      const members = people.filter(({ id }) => roles.has(id)).map((user) => ({ user, role: roles.get(user.id), status: 'online' }));
      return { body: { members } };
    }
    mutations.push({ method, path, body });
    const refusal = refuse({ method, path, body });
    if (refusal) return refusal;
    const member = Number(/members\/(\d+)/.exec(path)?.[1] ?? 0);
    if (member > 0 && method === 'DELETE') roles.delete(member);
    if (member > 0 && method === 'PATCH') {
      const next = (body as { role: RoomRole }).role;
      if (next === 'owner') roles.set(alice.id, 'admin');
      roles.set(member, next);
      // As on the wire, the event arrives before the response.
      act(() => testChat?.socket().serve(updated()));
    }
    return method === 'DELETE' ? { status: 204, body: null } : { body: { room: room(7, { name: 'general', ...(body as object) }) } };
  });
  testChat = rig;
  // As on the wire, the role arrives with the room and with the list of its members.
  act(() => rig.socket().serve(updated()));
  await screen.findByText('Cleo');
  return { ...rig, mutations, user: userEvent.setup() };
}

describe('members', () => {
  const actionsFor = (name: string) => screen.findByRole('button', { name: `Actions for ${name}` });
  const items = () => screen.getAllByRole('menuitem').map((item) => item.textContent);

  test('an owner assigns roles, transfers ownership and removes members', async () => {
    const { user, mutations } = await inRoom('owner');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message', 'Make a moderator', 'Make an admin', 'Transfer ownership…', 'Mute…', 'Remove from the room…', 'Ban…']);
    await user.click(screen.getByRole('menuitem', { name: 'Make a moderator' }));
    expect(await screen.findByText('Moderator')).toBeTruthy();
    expect(mutations).toContainEqual({ method: 'PATCH', path: '/rooms/7/members/2', body: { role: 'moderator' } });

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

  test('a moderator can mute, remove and ban plain members only', async () => {
    const { user } = await inRoom('moderator');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message', 'Mute…', 'Remove from the room…', 'Ban…']);
  });

  test('a member can only message others', async () => {
    const { user } = await inRoom('member');
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message']);
    expect(screen.queryByRole('button', { name: 'Settings of general' })).toBeNull();
  });

  test('shows an error beside the member', async () => {
    const { user } = await inRoom('owner', () => problem(403, 'FORBIDDEN', 'Your role does not allow this.'));
    await user.click(await actionsFor('Bob'));
    await user.click(screen.getByRole('menuitem', { name: 'Make an admin' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Your role does not allow this.');
  });

  test('makes the former owner an admin after a transfer', async () => {
    const { user } = await inRoom('owner');
    await user.click(await actionsFor('Bob'));
    await user.click(screen.getByRole('menuitem', { name: /^Transfer/ }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Transfer' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await waitFor(() => expect(testChat?.chat.rooms.get(7)?.role).toBe('admin'));
    await user.click(await actionsFor('Bob'));
    expect(items()).toEqual(['Message']);
  });
});
