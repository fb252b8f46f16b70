import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Shell } from '../app/Shell';
import { alice, author, bob, room, user } from './fixtures';
import { renderWithChat } from './page';
import { joined } from './testChat';

export const cleo = user(3, 'cleo', 'Cleo');

export const membership = (roomId: number, more: object = {}) => ({ roomId, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

const people = [alice, bob, cleo].map((one) => ({ user: one, role: 'member', status: 'online', joinedAt: '' }));

/** Renders the page of alice with the room "general" (7) and direct conversations with bob (9) and cleo (10). `answer` gives the body for a REST path, or nothing; `refuse` the error. */
export async function renderShell(
  hash: string,
  answer: (path: string) => object | undefined = () => undefined,
  refuse: (path: string) => { status: number; body: object } | undefined = () => undefined,
) {
  location.hash = hash;
  const rig = await renderWithChat(<Shell />, (_, path) => refuse(path) ?? { body: answer(path) ?? (path.includes('/members') ? { members: people } : {}) });
  for (const [nth, other] of [[2, bob], [3, cleo]] as const) {
    const direct = room(7 + nth, { name: 'two', direct: true, private: true, with: [author(alice), author(other)] });
    act(() => rig.socket().serve({ type: 'room:added', data: { room: direct, membership: membership(direct.id) } }));
    const { id } = await rig.command('room:join', nth);
    await act(async () => rig.socket().serve(joined(id, { room: direct, membership: membership(direct.id), online: nth === 2 ? [1, 2] : [1] })));
  }
  const sidebar = within(screen.getByRole('navigation', { name: 'Rooms' }));
  const links = () => sidebar.getAllByRole('link').map((link) => link.textContent);
  return { ...rig, user: userEvent.setup(), sidebar, links, rig };
}
