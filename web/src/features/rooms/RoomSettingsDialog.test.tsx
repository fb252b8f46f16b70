import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { MembersPanel, RoomDialogs } from '../lazy';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

beforeAll(() => Promise.all([MembersPanel.preload(), RoomDialogs.preload()]));

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

describe('room settings', () => {
  test('sends only changed fields', async () => {
    const { user, mutations } = await inRoom('owner');
    const button = await screen.findByRole('button', { name: 'Settings of general' });
    await user.click(button);
    await screen.findByRole('dialog');
    await user.type(screen.getByLabelText('Description'), 'All and nothing');
    await user.click(screen.getByLabelText('Private'));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(mutations).toEqual([{ method: 'PATCH', path: '/rooms/7', body: { description: 'All and nothing', private: true } }]);
    expect(screen.getByText('All and nothing')).toBeTruthy();
    expect(document.activeElement).toBe(button);
  });

  test('shows a taken name at its field', async () => {
    const { user } = await inRoom('owner', () => problem(409, 'ROOM_NAME_TAKEN', 'That name is taken.'));
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    await screen.findByRole('dialog');
    const name = screen.getByLabelText('Name');
    await user.type(name, '2');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await screen.findByText('That name is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  test('an admin can change the room but not delete it; offline nothing can be saved', async () => {
    const { user, socket } = await inRoom('admin');
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    await screen.findByRole('dialog');
    expect(screen.queryByRole('button', { name: 'Delete room…' })).toBeNull();
    act(() => socket().end(1006));
    expect(await screen.findByText('You are not connected. This needs the server.')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save' }).disabled).toBe(true);
  });
});
