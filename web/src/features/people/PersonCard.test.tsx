import { act, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomRole, User } from '../../protocol/types';
import { serve, stubBrowser } from '../../test/page';
import { alice, author, bob, message, mine, room } from '../../test/fixtures';
import { membership, renderShell } from '../../test/shell';
import { PersonCard } from '../lazy';

beforeEach(stubBrowser);

beforeAll(() => PersonCard.preload());

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

const gone = (status = 404, code = 'NOT_FOUND') => ({ status, body: { status, title: 'No', detail: 'Not found.', code } });

/** The server's answers about bob; `user` is what it knows of him. */
const about = (user: Partial<User> = {}, role: RoomRole | undefined = 'member', rooms = [room(7, { name: 'general' }), room(8, { name: 'garden' })]) => (path: string) => {
  if (path === '/users/2') return { user: { ...bob, ...user } };
  if (path === '/users/2/rooms') return { rooms };
  if (path === '/rooms/7/members/2' && role) return { member: { user: bob, role, status: 'online', joinedAt: '' } };
  return undefined;
};

/** Opens the card of bob from a message. */
async function openCard(answer: ReturnType<typeof about>, refuse?: Parameters<typeof renderShell>[2]) {
  const shell = await renderShell('#/room/7', answer, refuse);
  serve(shell.rig, message(1, { html: '<p>m1 <span class="mention" data-user-id="2">@bob</span></p>' }));
  const line = within(screen.getByRole('region', { name: 'Messages in general' }));
  await shell.user.click(line.getByRole('button', { name: 'Bob' }));
  return { ...shell, line, card: within(await screen.findByRole('dialog', { name: 'Bob' })) };
}

describe('the card of a person', () => {
  test('shows who it is, the local time and common rooms, and closes with Escape', async () => {
    const { card, user, line } = await openCard(about({ statusMessage: 'In the garden', timeZone: 'Asia/Tokyo', role: 'bot' }, 'moderator'));
    expect((await card.findByText('In the garden')).getAttribute('dir')).toBe('auto');
    expect(card.getByText(/^(\S+ )?\d\d:\d\d( [AP]M)? local time$/).getAttribute('title')).toBe('Asia/Tokyo');
    expect([card.getByText('Bot'), card.getByText('Offline'), card.getByText('@bob')]).toHaveLength(3);
    expect(card.getByText('general', { selector: '[class*=facts] bdi' }).parentElement?.textContent).toBe('Moderator of general');
    expect(card.getAllByRole('link').map((link) => link.getAttribute('href'))).toEqual(['#/room/7', '#/room/8']);
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(line.getByRole('button', { name: 'Bob' }));
  });

  test('opens from a mention with the keyboard, and keeps the Tab key inside', async () => {
    const { user, line } = await openCard(about());
    await user.keyboard('{Escape}');
    const mention = line.getByRole('button', { name: '@bob' });
    act(() => mention.focus());
    await user.keyboard('{Enter}');
    const card = within(await screen.findByRole('dialog', { name: 'Bob' }));
    const message = await card.findByRole('button', { name: 'Message' });
    act(() => message.focus());
    await user.tab({ shift: true });
    expect(document.activeElement).toBe(card.getByRole('button', { name: 'Close' }));
    await user.tab();
    expect(document.activeElement).toBe(message);
  });

  test('follows a change of the profile', async () => {
    const { card, socket } = await openCard(about({ statusMessage: 'In the garden' }));
    await card.findByText('In the garden');
    act(() => socket().serve({ type: 'user:updated', data: { user: { ...bob, displayName: 'Robert', statusMessage: 'Gone home' } } }));
    expect([card.getByText('Gone home'), card.getByRole('heading', { name: 'Robert' })]).toHaveLength(2);
  });

  test('writes to the person and mentions them', async () => {
    const { card, user, line } = await openCard(about());
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'Hi');
    await user.click(await card.findByRole('button', { name: 'Mention' }));
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await waitFor(() => expect(box.value).toBe('Hi @bob '));
    await user.click(line.getByRole('button', { name: 'Bob' }));
    await user.click(await screen.findByRole('button', { name: 'Message' }));
    await waitFor(() => expect(location.hash).toBe('#/room/9'));
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test.each<[RoomRole, RoomRole | undefined, string[]]>([
    ['moderator', 'member', ['Mute…', 'Remove from the room…', 'Ban…']],
    ['member', 'member', []],
    ['moderator', 'admin', []],
    ['owner', undefined, []],
  ])('offers a %s only what is possible with a %s', async (own, role, items) => {
    const { card, user, socket } = await openCard(about({}, role), (path) => (path.includes('/members/2') && role === undefined ? gone() : undefined));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { role: own }) } }));
    await card.findByText(role === undefined ? /^Not a member of/ : /^(Member|Admin) of/, { selector: 'span' });
    const more = card.queryByRole('button', { name: 'Actions for Bob' });
    expect(more !== null).toBe(items.length > 0);
    if (more === null) return;
    await user.click(more);
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent)).toEqual(items);
    await user.click(screen.getByRole('menuitem', { name: 'Ban…' }));
    expect(screen.getByRole('dialog', { name: 'Ban Bob?' })).toBeTruthy();
    expect(screen.queryByRole('dialog', { name: 'Bob' })).toBeNull();
  });

  test('of oneself leads to the profile', async () => {
    const { rig, user } = await renderShell('#/room/7', (path) => (path === '/users/1' ? { user: alice } : undefined));
    serve(rig, mine(1, 'a'));
    await user.click(within(screen.getByRole('region', { name: 'Messages in general' })).getByRole('button', { name: 'Alice' }));
    const card = within(await screen.findByRole('dialog', { name: 'Alice' }));
    await user.click(await card.findByRole('button', { name: 'Edit profile' }));
    expect(await screen.findByRole('heading', { name: 'Settings' })).toBeTruthy();
    expect(screen.queryByRole('dialog', { name: 'Alice' })).toBeNull();
  });

  test('says that an account was deleted, and retries what failed', async () => {
    let away = true;
    const deleted = { username: 'deleted-2', displayName: 'Deleted user' };
    const { card, user } = await openCard(about(deleted), (path) => (away && path === '/users/2' ? gone(503, 'UNAVAILABLE') : undefined));
    await card.findByText('The profile could not be loaded');
    away = false;
    await user.click(card.getByRole('button', { name: 'Try again' }));
    expect(await card.findByText('This account was deleted. Its messages stay.')).toBeTruthy();
    expect(card.queryByRole('button', { name: 'Message' })).toBeNull();
  });
});

describe('blocking', () => {
  test('asks, folds what the person wrote, and can be undone in the conversation', async () => {
    const { card, user, socket, line, requests } = await openCard(about());
    await user.click(await card.findByRole('button', { name: 'Block…' }));
    await user.click(within(screen.getByRole('dialog', { name: 'Block Bob?' })).getByRole('button', { name: 'Block' }));
    expect(await line.findByText('Message from a blocked person')).toBeTruthy();
    expect(requests).toContain('PUT /users/2/block');
    expect(line.queryByText('m1')).toBeNull();
    await user.click(line.getByRole('button', { name: 'Show' }));
    expect(line.getByText('m1')).toBeTruthy();
    act(() => socket().serve({ type: 'typing:update', data: { roomId: 7, userIds: [2] } }));
    expect(screen.queryByText('Bob is typing…')).toBeNull();

    act(() => {
      location.hash = '#/room/9';
    });
    expect(await screen.findByText('You blocked', { exact: false })).toBeTruthy();
    expect(screen.queryByRole('textbox', { name: 'Message Bob' })).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Unblock' }));
    expect(await screen.findByRole('textbox', { name: 'Message Bob' })).toBeTruthy();
    expect(requests).toContain('DELETE /users/2/block');
  });

  test('hides the words of a blocked person in quotes', async () => {
    const { rig, socket } = await renderShell('#/room/7');
    serve(rig, mine(1, 'a'), { ...mine(2, 'b'), replyTo: { id: 900, seq: 0, author: author(bob), excerpt: 'my secret' } });
    expect(screen.getByText('my secret')).toBeTruthy();
    act(() => socket().serve({ type: 'block:updated', data: { userId: 2, blocked: true } }));
    expect(screen.queryByText('my secret')).toBeNull();
    expect(screen.getByRole('link', { name: 'Message from a blocked person' })).toBeTruthy();
  });
});
