import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { message, alice, bob, room, user as person } from '../../test/fixtures';
import { MembersPanel, RoomDialogs } from '../lazy';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

beforeAll(() => Promise.all([MembersPanel.preload(), RoomDialogs.preload()]));

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

const author = { id: bob.id, username: bob.username, displayName: bob.displayName, avatarUrl: '' };

const membership = (more: object = {}) => ({ roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Alice in room 7 with a role. Bob is a member who may be muted. */
async function inRoom(role: RoomRole, answer: Answer, mutedUntil?: string) {
  const people = [{ user: alice, role }, { user: bob, role: 'member', ...(mutedUntil ? { mutedUntil } : {}) }, { user: person(3, 'cleo', 'Cleo'), role: 'admin' }];
  const rig = await renderWithChat(<RoomView roomId={7} />, (method, path, body) =>
    method === 'GET' && path.includes('/members') ? { body: { members: people.map((one) => ({ ...one, status: 'online', joinedAt: '' })) } } : answer(method, path, body),
  );
  testChat = rig;
  act(() => rig.socket().serve({ type: 'membership:updated', data: { membership: membership({ role }) } }));
  await screen.findByText('Cleo');
  return { ...rig, user: userEvent.setup() };
}

describe('moderation', () => {
  test('a moderator mutes and bans members below, and lifts the ban', async () => {
    const mutations: unknown[] = [];
    let bans = [{ user: author, by: author, reason: 'spam', createdAt: '2026-11-23T10:00:00.000Z' }];
    const { user } = await inRoom('moderator', (method, path, body) => {
      if (method === 'GET') return { body: { bans } };
      mutations.push([method, path, body]);
      if (method === 'DELETE') bans = [];
      return method === 'DELETE' ? { status: 204, body: null } : { body: {} };
    });
    const menu = async (item: string) => {
      await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
      await user.click(screen.getByRole('menuitem', { name: item }));
    };
    await menu('Mute…');
    await user.selectOptions(screen.getByLabelText('For'), '1 day');
    await user.click(screen.getByRole('button', { name: 'Mute' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await menu('Ban…');
    await user.type(screen.getByLabelText('Reason'), 'spam{Enter}');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    await user.click(screen.getByRole('button', { name: 'Banned' }));
    await screen.findByRole('dialog');
    await user.click(await screen.findByRole('button', { name: 'Lift the ban of Bob' }));
    expect(await screen.findByText('Nobody is banned')).toBeTruthy();
    expect(mutations).toEqual([
      ['PUT', '/rooms/7/members/2/mute', { seconds: 86_400 }],
      ['PUT', '/rooms/7/bans/2', { reason: 'spam' }],
      ['DELETE', '/rooms/7/bans/2', undefined],
    ]);
  });

  test('keeps the menu and a dialog open when the member comes and goes', async () => {
    const { user, socket } = await inRoom('moderator', () => ({ body: {} }));
    const shows = (group: string, status: string) => {
      act(() => socket().serve({ type: 'presence:update', data: { roomId: 7, users: [{ userId: 2, status }] } }));
      expect(within(screen.getByRole('list', { name: new RegExp(`^${group}`) })).getByText('Bob')).toBeTruthy();
    };
    shows('Offline', 'offline');
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    shows('Online', 'online');
    expect(screen.getByRole('menu', { name: 'Actions for Bob' }).contains(document.activeElement)).toBe(true);
    await user.click(screen.getByRole('menuitem', { name: 'Ban…' }));
    await user.type(screen.getByLabelText('Reason'), 'spam');
    shows('Offline', 'offline');
    expect(screen.getByLabelText<HTMLInputElement>('Reason').value).toBe('spam');
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('offers only a message to members above', async () => {
    const { user } = await inRoom('moderator', () => ({ body: {} }));
    await user.click(screen.getByRole('button', { name: 'Actions for Cleo' }));
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent)).toEqual(['Message']);
  });

  test('can unmute a member', async () => {
    const { user, requests: asked } = await inRoom('moderator', () => ({ status: 204, body: null }), soon(60_000));
    expect(screen.getByText('Muted')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Unmute' }));
    await waitFor(() => expect(asked).toContain('DELETE /rooms/7/members/2/mute'));
  });
});

describe('direct conversations', () => {
  const direct = room(9, { name: 'Alice, Bob', direct: true, private: true, with: [{ ...author, id: 1, displayName: 'Alice' }, author] });

  test('start from a member and cannot be left', async () => {
    const { user, chat, command, socket } = await inRoom('member', (method) => (method === 'PUT' ? { status: 201, body: { room: direct, membership: membership({ roomId: 9 }) } } : { body: {} }));
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Message' }));
    await waitFor(() => expect(location.hash).toBe('#/room/9'));
    const { id } = await command('room:join', 2);
    act(() => socket().serve(joined(id, { room: direct, membership: membership({ roomId: 9 }), messages: [{ ...message(1), roomId: 9 }], to: 1, head: 1 })));
    document.body.replaceChildren();
    render(<ChatContext value={chat}><RoomView roomId={9} /></ChatContext>);
    expect(await screen.findByRole('heading', { level: 1, name: 'Bob' })).toBeTruthy();
    expect(screen.getByRole('textbox', { name: 'Message Bob' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Leave/ })).toBeNull();
  });
});
