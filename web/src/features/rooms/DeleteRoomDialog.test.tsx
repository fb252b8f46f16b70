import { act, screen } from '@testing-library/react';
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
  test('deletes a room after its name is typed', async () => {
    const { user, mutations } = await inRoom('owner');
    await user.click(await screen.findByRole('button', { name: 'Settings of general' }));
    await screen.findByRole('dialog');
    await user.click(screen.getByRole('button', { name: 'Delete room…' }));
    const deletes = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Delete room' });
    await user.type(await screen.findByLabelText('Type general to confirm'), 'genera');
    expect(deletes().disabled).toBe(true);
    await user.keyboard('l');
    await user.click(deletes());
    expect(await screen.findByText('You are not in this room')).toBeTruthy();
    expect(mutations).toEqual([{ method: 'DELETE', path: '/rooms/7', body: undefined }]);
  });
});
