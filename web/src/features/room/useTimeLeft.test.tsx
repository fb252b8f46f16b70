import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole } from '../../protocol/types';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, mine, user as person } from '../../test/fixtures';
import { RoomView } from './RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

// Loads the panel before the first wait, which has a timeout.
beforeAll(() => import('../members/MembersPanel'));

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  history.replaceState(null, '', '/');
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

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
  test('shows how long the mute lasts, and the composer when it ends', async () => {
    const { socket } = await inRoom('member', () => ({ body: {} }));
    act(() => socket().serve({ type: 'message:new', data: { roomId: 7, seq: 1, message: mine(1, 'a') } }));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership({ mutedUntil: soon(600) }) } }));
    expect((await screen.findByText(/You are muted here/)).textContent).toContain('less than a minute');
    expect(screen.queryByRole('textbox', { name: 'Message general' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Edit' }).getAttribute('aria-disabled')).toBe('true');
    expect(await screen.findByRole('textbox', { name: 'Message general' })).toBeTruthy();
  });
});
