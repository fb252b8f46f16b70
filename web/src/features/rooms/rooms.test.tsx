import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, message, mine, room, user as person } from '../../test/fixtures';
import { InvitePage } from './InvitePage';
import { RoomView } from '../room/RoomView';
import { Sidebar } from '../sidebar/Sidebar';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];
const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });
const author = { id: bob.id, username: bob.username, displayName: bob.displayName, avatarUrl: '' };
const membership = (more: object = {}) => ({ roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });
const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Alice in room 7 with a role of hers; bob is a plain member who may be muted. */
async function inRoom(role: RoomRole, answer: Answer, mutedUntil?: string) {
  const people = [{ user: alice, role }, { user: bob, role: 'member', ...(mutedUntil ? { mutedUntil } : {}) }, { user: person(3, 'cleo', 'Cleo'), role: 'admin' }];
  const rig = await renderWithChat(<RoomView roomId={7} />, (method, path, body) =>
    method === 'GET' && path.includes('/members') ? { body: { members: people.map((one) => ({ ...one, status: 'online', joinedAt: '' })) } } : answer(method, path, body),
  );
  present = rig;
  act(() => rig.socket().serve({ type: 'membership:updated', data: { membership: membership({ role }) } }));
  await screen.findByText('Cleo');
  return { ...rig, user: userEvent.setup() };
}

describe('moderation', () => {
  test('a moderator mutes and bans those below, and lets them back', async () => {
    const told: unknown[] = [];
    let bans = [{ user: author, by: author, reason: 'spam', createdAt: '2026-11-23T10:00:00.000Z' }];
    const { user } = await inRoom('moderator', (method, path, body) => {
      if (method === 'GET') return { body: { bans } };
      told.push([method, path, body]);
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
    await user.click(await screen.findByRole('button', { name: 'Lift the ban of Bob' }));
    expect(await screen.findByText('Nobody is banned')).toBeTruthy();
    expect(told).toEqual([
      ['PUT', '/rooms/7/members/2/mute', { seconds: 86_400 }],
      ['PUT', '/rooms/7/bans/2', { reason: 'spam' }],
      ['DELETE', '/rooms/7/bans/2', undefined],
    ]);
  });

  test('upon those above nothing is offered but a talk', async () => {
    const { user } = await inRoom('moderator', () => ({ body: {} }));
    await user.click(screen.getByRole('button', { name: 'Actions for Cleo' }));
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent)).toEqual(['Message']);
  });

  test('a muted member may be let speak again', async () => {
    const { user, requests: asked } = await inRoom('moderator', () => ({ status: 204, body: null }), soon(60_000));
    expect(screen.getByText('Muted')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Actions for Bob' }));
    await user.click(screen.getByRole('menuitem', { name: 'Let speak again' }));
    await waitFor(() => expect(asked).toContain('DELETE /rooms/7/members/2/mute'));
  });

  test('who is muted reads how long, and writes again when it is over', async () => {
    const { socket } = await inRoom('member', () => ({ body: {} }));
    act(() => socket().serve({ type: 'message:new', data: { roomId: 7, seq: 1, message: mine(1, 'a') } }));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership({ mutedUntil: soon(600) }) } }));
    expect((await screen.findByText(/You are muted here/)).textContent).toContain('less than a minute');
    expect(screen.queryByRole('textbox', { name: 'Message general' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Edit' }).getAttribute('aria-disabled')).toBe('true');
    expect(await screen.findByRole('textbox', { name: 'Message general' })).toBeTruthy();
  });
});

describe('invites', () => {
  test('a link is made, shown once, and taken back', async () => {
    const invite = { id: 4, expiresAt: soon(86_400_000), usesLeft: 10, createdAt: soon(0), createdBy: author };
    let invites: object[] = [];
    let wish: unknown;
    const { user } = await inRoom('moderator', (method, _, body) => {
      if (method === 'GET') return { body: { invites } };
      if (method === 'DELETE') {
        invites = [];
        return { status: 204, body: null };
      }
      wish = body;
      invites = [invite];
      return { status: 201, body: { invite: { ...invite, token: 'abc', url: 'https://chat.example.org/invite/abc' } } };
    });
    await user.click(screen.getByRole('button', { name: 'Invite' }));
    await user.selectOptions(screen.getByLabelText('For'), '10 people');
    await user.click(screen.getByRole('button', { name: 'Make a link' }));
    expect((await screen.findByLabelText<HTMLInputElement>('Invite link')).value).toBe('https://chat.example.org/invite/abc');
    expect(wish).toEqual({ expiresIn: 604_800, uses: 10 });
    await user.click(screen.getByRole('button', { name: 'Copy' }));
    expect(await navigator.clipboard.readText()).toBe('https://chat.example.org/invite/abc');
    await user.click(await screen.findByRole('button', { name: 'Revoke the link for 10 more people, by Bob' }));
    expect(await screen.findByText('There are none.')).toBeTruthy();
  });

  test('the page of an invite shows the room and leads into it', async () => {
    history.replaceState(null, '', '/invite/abc');
    present = await renderWithChat(<InvitePage token="abc" />, (method) =>
      method === 'GET' ? { body: { room: { name: 'garden', description: 'Seeds', memberCount: 3 } } } : { body: { room: room(9, { name: 'garden' }), membership: membership({ roomId: 9 }) } },
    );
    expect(await screen.findByRole('heading', { name: 'garden' })).toBeTruthy();
    expect(screen.getByText('3 members')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Join room' }));
    await waitFor(() => expect(location.pathname + location.hash).toBe('/#/room/9'));
  });

  test.each([
    ['ended', problem(404, 'NOT_FOUND', 'No.'), 'This invite opens nothing'],
    ['away', problem(503, 'UNAVAILABLE', 'Not now.'), 'The invite could not be read'],
  ])('an invite that is %s says so', async (_, answer, words) => {
    present = await renderWithChat(<InvitePage token="abc" />, () => answer);
    expect(await screen.findByText(words)).toBeTruthy();
  });
});

describe('talks of two', () => {
  const direct = room(9, { name: 'Alice, Bob', direct: true, private: true, with: [{ ...author, id: 1, displayName: 'Alice' }, author] });

  test('stand among people, by the name of the other, live', async () => {
    present = await renderWithChat(<Sidebar route={{ kind: 'home' }} onCreate={() => undefined} onAccount={() => undefined} onSignOut={() => undefined} onSwitch={() => undefined} />, () => ({ body: {} }));
    const { socket, command } = present;
    act(() => socket().serve({ type: 'room:added', data: { room: direct, membership: membership({ roomId: 9 }) } }));
    expect((await command('room:join', 2)).data.roomId).toBe(9);
    expect(screen.getByRole('heading', { name: 'People' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Bob' }).getAttribute('href')).toBe('#/room/9');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...bob, displayName: 'Robert' } } }));
    expect(await screen.findByRole('link', { name: 'Robert' })).toBeTruthy();
  });

  test('begin at a member, and cannot be left', async () => {
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

test('a link into an open room shows its door', async () => {
  present = await renderWithChat(<RoomView roomId={9} />, (_, path) => ({ body: path === '/rooms/9' ? { room: room(9, { name: 'chess', description: 'Moves' }) } : { room: room(9, { name: 'chess' }), membership: membership({ roomId: 9 }) } }));
  expect(await screen.findByText('chess')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Join room' }));
  expect((await present.command('room:join', 2)).data.roomId).toBe(9);
});
