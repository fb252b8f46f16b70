import { act, fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadEmoji } from '../../state/emoji';
import { renderWithChat, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, room, user as person } from '../../test/fixtures';
import { Shell } from '../../app/Shell';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

// Loads the emoji data before the first wait, which has a timeout.
beforeAll(loadEmoji);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const cleo = person(3, 'cleo', 'Cleo');

const author = ({ id, username, displayName, avatarUrl }: typeof alice) => ({ id, username, displayName, avatarUrl });

const membership = (roomId: number, more: object = {}) => ({ roomId, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });

const people = [alice, bob, cleo].map((user) => ({ user, role: 'member', status: 'online', joinedAt: '' }));

/** Alice with the room "general" and direct conversations with bob (9) and cleo (10). */
async function shell(hash: string) {
  location.hash = hash;
  const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members: people } : {} }));
  testChat = rig;
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

describe('emoji', () => {
  test('are inserted by their code, from the list or written out', async () => {
    const { user } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'look :rocke');
    expect(within(await screen.findByRole('listbox', { name: 'Emoji' })).getByRole('option', { selected: true }).textContent).toBe('🚀 :rocket:');
    await user.keyboard('{Enter}');
    expect(box.value).toBe('look 🚀 ');
    await user.type(box, 'and :wave:!');
    expect(box.value).toBe('look 🚀 and 👋!');
  });

  test('are not replaced in a code block, where Enter inserts a line break', async () => {
    const { user, command } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, '```{Enter}a :wave:{Enter}```');
    expect(box.value).toBe('```\na :wave:\n```');
    await user.keyboard('{Enter}');
    expect((await command('message:send')).data.text).toBe('```\na :wave:\n```');
  });
});

describe('mentions', () => {
  /** Sends a text before the members that it may mention are requested. */
  async function composer(found: readonly (typeof alice)[]) {
    location.hash = '#/room/7';
    const members = found.map((user) => ({ user, role: 'member', status: 'offline', joinedAt: '' }));
    const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members } : {} }));
    testChat = rig;
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    fireEvent.change(box, { target: { value: 'hi @bo' } });
    fireEvent.keyDown(box, { key: 'Enter' });
    return { ...rig, box };
  }

  test('a name that is sent before the members are known means the one that it begins', async () => {
    const { command } = await composer([bob]);
    expect((await command('message:send')).data).toMatchObject({ text: 'hi @bob' });
  });

  test('a name that may mean several members is chosen before it is sent', async () => {
    const { box } = await composer([bob, person(4, 'bobby', 'Bobby')]);
    const list = await screen.findByRole('listbox', { name: 'People to mention' });
    expect(within(list).getAllByRole('option')).toHaveLength(2);
    expect(box.value).toBe('hi @bo');
  });

  test('a name of nobody is sent as typed', async () => {
    const { command } = await composer([]);
    expect((await command('message:send')).data).toMatchObject({ text: 'hi @bo' });
  });
});
