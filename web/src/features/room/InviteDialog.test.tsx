import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, user as person } from '../../test/fixtures';
import { MembersPanel, RoomDialogs } from '../lazy';
import { RoomView } from './RoomView';

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

describe('invites', () => {
  test('creates a link, shows it again later and revokes it', async () => {
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
    await screen.findByRole('dialog');
    await user.selectOptions(screen.getByLabelText('For'), '10 people');
    await user.click(screen.getByRole('button', { name: 'Create a link' }));
    expect((await screen.findByLabelText<HTMLInputElement>('Invite link')).value).toBe('https://chat.example.org/invite/abc');
    expect(wish).toEqual({ expiresIn: 604_800, uses: 10 });
    await user.click(screen.getByRole('button', { name: 'Copy' }));
    expect(await navigator.clipboard.readText()).toBe('https://chat.example.org/invite/abc');

    await user.click(screen.getByRole('button', { name: 'Close' }));
    await user.click(screen.getByRole('button', { name: 'Invite' }));
    await screen.findByRole('dialog');
    expect(screen.queryByDisplayValue(/invite/)).toBeNull();
    await user.click(await screen.findByRole('button', { name: 'Show the link for 10 more people, by Bob' }));
    expect(screen.getByLabelText<HTMLInputElement>('Link').value).toBe('https://chat.example.org/invite/abc');
    await user.click(await screen.findByRole('button', { name: 'Revoke the link for 10 more people, by Bob' }));
    expect(await screen.findByText('There are none.')).toBeTruthy();
    expect(Object.keys(localStorage).filter((key) => key.endsWith('.invites'))).toEqual([]);
  });

  test('does not offer to show a link of another browser', async () => {
    const invite = { id: 4, expiresAt: soon(86_400_000), usesLeft: null, createdAt: soon(0), createdBy: author };
    const { user } = await inRoom('moderator', () => ({ body: { invites: [invite] } }));
    await user.click(screen.getByRole('button', { name: 'Invite' }));
    await screen.findByRole('dialog');
    expect(await screen.findByText('Only the browser that created the link can show it.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Show the link/ })).toBeNull();
  });
});
