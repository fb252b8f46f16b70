import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatContext } from '../../hooks/context';
import type { Message } from '../../protocol/types';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import { joined, type TestChat } from '../../test/testChat';
import { alice, bob, message, mine, room, user as person } from '../../test/fixtures';
import { NotificationsSetting } from '../account/NotificationsSetting';
import { NotificationsPrompt } from '../sidebar/NotificationsPrompt';
import { MessageList } from './MessageList';
import { RoomView } from '../room/RoomView';
import { Shell } from '../../app/Shell';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  location.hash = '';
  vi.unstubAllGlobals();
});

const cleo = person(3, 'cleo', 'Cleo');
const author = ({ id, username, displayName, avatarUrl }: typeof alice) => ({ id, username, displayName, avatarUrl });
const membership = (roomId: number, more: object = {}) => ({ roomId, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0, ...more });
const said = (rig: TestChat, roomId: number, m: Message) => act(() => rig.socket().serve({ type: 'message:new', data: { roomId, seq: m.changeSeq, message: { ...m, roomId } } }));
const people = [alice, bob, cleo].map((user) => ({ user, role: 'member', status: 'online', joinedAt: '' }));

/** Alice with the room "general" and a talk with each of bob (9) and cleo (10). */
async function shell(hash: string) {
  location.hash = hash;
  const rig = await renderWithChat(<Shell />, (_, path) => ({ body: path.includes('/members') ? { members: people } : {} }));
  present = rig;
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

describe('the sidebar', () => {
  test('marks where something is written and not sent, save where one is', async () => {
    const { user, sidebar } = await shell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'half a');
    expect(sidebar.queryByText('Draft')).toBeNull();
    await user.click(sidebar.getByRole('link', { name: 'Bob online' }));
    expect(await screen.findByRole('textbox', { name: 'Message Bob' })).toBeTruthy();
    expect(sidebar.getByText('Draft').closest('a')?.textContent).toContain('general');
  });

  test('tells of people whether they are there, and puts first whoever spoke last', async () => {
    const { rig, links, sidebar } = await shell('#/room/7');
    said(rig, 9, message(1, { createdAt: '2026-11-23T11:00:00.000Z' }));
    said(rig, 10, message(1, { author: author(cleo), createdAt: '2026-11-23T12:00:00.000Z' }));
    expect(links().slice(-2).map((text) => text?.slice(0, 6))).toEqual(['CCleo1', 'BBob o']);
    said(rig, 9, message(2, { createdAt: '2026-11-23T13:00:00.000Z' }));
    expect(sidebar.getAllByRole('link').at(-2)).toBe(sidebar.getByRole('link', { name: /^Bob online/ }));
    act(() => rig.socket().serve({ type: 'presence:update', data: { roomId: 9, users: [{ userId: 2, status: 'busy' }] } }));
    expect(sidebar.getByRole('link', { name: /^Bob busy/ })).toBeTruthy();
  });

  test('of a quiet room counts one’s name alone, and so does the title', async () => {
    const { rig, user, sidebar } = await shell('#/room/7');
    await user.click(screen.getByRole('button', { name: 'Quiet' }));
    location.hash = '#/find';
    await screen.findByRole('heading', { name: 'Find rooms' });
    said(rig, 7, message(1));
    expect(sidebar.getByRole('link', { name: 'general quiet' })).toBeTruthy();
    expect(document.title).toBe('Chillin');
    said(rig, 7, message(2, { mentions: [1] }));
    expect(sidebar.getByRole('link', { name: 'general quiet 1 mention, 2 unread' })).toBeTruthy();
    expect(document.title).toBe('(@1) Chillin');
  });
});

describe('the keyboard', () => {
  test('goes to a person by a few letters', async () => {
    const { user, sidebar } = await shell('#/room/7');
    await user.keyboard('{Control>}k{/Control}');
    const box = screen.getByRole('combobox', { name: 'Go to a room or a person' });
    await user.type(box, 'cl');
    const chosen = screen.getByRole('option', { selected: true });
    expect([chosen.textContent, box.getAttribute('aria-activedescendant')]).toEqual(['CCleo@cleo', chosen.id]);
    await user.keyboard('{Enter}');
    expect(await screen.findByRole('textbox', { name: 'Message Cleo' })).toBeTruthy();
    expect(screen.queryByRole('combobox')).toBeNull();
    expect(sidebar.getByRole('link', { name: 'Cleo' }).getAttribute('aria-current')).toBe('page');
  });

  test('finds what was said where no room is called so', async () => {
    const { user } = await shell('#/room/7');
    await user.keyboard('{Control>}k{/Control}tulips');
    expect(screen.getAllByRole('option').map((option) => option.textContent)).toEqual(['Search messages for “tulips”']);
    await user.keyboard('{Enter}');
    expect((await screen.findByRole<HTMLInputElement>('searchbox', { name: 'Search messages' })).value).toBe('tulips');
  });

  test('steps from room to room, and among those with something unread', async () => {
    const { rig, user } = await shell('#/room/7');
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/7'));
    said(rig, 10, message(1, { author: author(cleo) }));
    await user.keyboard('{Alt>}{Shift>}{ArrowDown}{/Shift}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
  });

  test('is explained, but a question mark in a text is one', async () => {
    const { user } = await shell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'why?');
    expect(screen.queryByRole('dialog')).toBeNull();
    act(() => screen.getByRole('region', { name: 'Messages in general' }).focus());
    await user.keyboard('?');
    expect(screen.getByRole('dialog', { name: 'Keyboard' })).toBeTruthy();
  });
});

describe('emoji', () => {
  test('are chosen by their code, or written out', async () => {
    const { user } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'look :rock');
    expect(within(screen.getByRole('listbox', { name: 'Emoji' })).getByRole('option', { selected: true }).textContent).toBe('🚀 :rocket:');
    await user.keyboard('{Enter}');
    expect(box.value).toBe('look 🚀 ');
    await user.type(box, 'and :wave:!');
    expect(box.value).toBe('look 🚀 and 👋!');
  });

  test('are put where the caret stands, from a board of the usual and then of all', async () => {
    const { user } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, 'tea  please');
    box.setSelectionRange(4, 4);
    await user.click(screen.getByRole('button', { name: 'Emoji' }));
    await user.click(screen.getByRole('menuitem', { name: 'All emoji' }));
    expect(document.activeElement).toBe(screen.getByRole('menuitem', { name: 'Thumbs up' }));
    await user.click(screen.getByRole('menuitem', { name: 'Tea' }));
    expect([box.value, box.selectionStart, document.activeElement]).toEqual(['tea 🍵 please', 6, box]);
  });

  test('in a block of code are none, and Enter makes a line there', async () => {
    const { user, command } = await shell('#/room/7');
    const box = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' });
    await user.type(box, '```{Enter}a :wave:{Enter}```');
    expect(box.value).toBe('```\na :wave:\n```');
    await user.keyboard('{Enter}');
    expect((await command('message:send')).data.text).toBe('```\na :wave:\n```');
  });
});

describe('who is muted', () => {
  const until = () => new Date(Date.now() + 60_000).toISOString();

  test('is offered nothing that would be refused, and told why', async () => {
    const { rig, user, socket } = await shell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }), mine(2, 'a'));
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), '{ArrowUp}!');
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: until() }) } }));
    const chip = screen.getByRole('button', { name: '👍 1, Bob. You are muted here' });
    await user.click(chip);
    for (const reply of screen.getAllByRole('button', { name: 'Reply' })) await user.click(reply);
    await user.click(screen.getByRole('button', { name: 'Save' }));
    expect(screen.getByText('You are muted here. Your change can be saved afterwards.')).toBeTruthy();
    expect([chip.getAttribute('aria-disabled'), chip.title]).toEqual(['true', 'Bob. You are muted here.']);
    const over = { dataTransfer: { types: ['Files'], files: [] } };
    fireEvent.dragEnter(screen.getByRole('region', { name: 'Messages in general' }), over);
    expect(screen.queryByText(/Drop files/)).toBeNull();
    expect(socket().sent.map(({ type }) => type).filter((type) => type.startsWith('message:'))).toEqual([]);
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7) } }));
    expect(screen.getByRole('button', { name: '👍 1, Bob' }).getAttribute('aria-disabled')).toBeNull();
  });

  test('may go on where they stopped as soon as it is over', async () => {
    const { rig, socket } = await shell('#/room/7');
    serve(rig, message(1, { reactions: [{ emoji: '👍', count: 1, me: false, userIds: [2] }] }));
    act(() => socket().serve({ type: 'membership:updated', data: { membership: membership(7, { mutedUntil: new Date(Date.now() + 200).toISOString() }) } }));
    expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBe('true');
    await waitFor(() => expect(screen.getByRole('button', { name: /^👍/ }).getAttribute('aria-disabled')).toBeNull());
  });
});

describe('notifications', () => {
  class FakeNotification extends EventTarget {
    static permission = 'default';
    static shown: FakeNotification[] = [];
    static requestPermission = async () => (FakeNotification.permission = 'granted');
    title: string;
    options: { body: string; tag: string };
    constructor(title: string, options: { body: string; tag: string }) {
      super();
      this.title = title;
      this.options = options;
      FakeNotification.shown.push(this);
    }
    close() {}
  }

  beforeEach(() => {
    FakeNotification.permission = 'default';
    FakeNotification.shown = [];
    vi.stubGlobal('Notification', FakeNotification);
  });

  test('are offered after the first call and not before, and lead to it', async () => {
    const { rig, user } = await shell('#/find');
    said(rig, 7, message(1));
    expect(screen.queryByText(/Be told of mentions/)).toBeNull();
    said(rig, 9, message(1));
    await user.click(screen.getByRole('button', { name: 'Tell me' }));
    await waitFor(() => expect(screen.queryByText(/Be told of mentions/)).toBeNull());
    expect(FakeNotification.shown).toEqual([]);
    said(rig, 7, message(2, { mentions: [1], text: 'tea, @alice?' }));
    await waitFor(() => expect(FakeNotification.shown).toMatchObject([{ title: 'Bob in general', options: { body: 'tea, @alice?', tag: 'chillin-1002' } }]));
    act(() => FakeNotification.shown[0]?.dispatchEvent(new Event('click')));
    await waitFor(() => expect(location.hash).toBe('#/room/7'));
  });

  test('are silent while a tab of the same user is looked at', async () => {
    const { rig } = await shell('#/find');
    FakeNotification.permission = 'granted';
    rig.chat.notifications.setChoice('on');
    const looked = vi.spyOn(rig.chat, 'isFocused').mockResolvedValue(true);
    said(rig, 9, message(1));
    await waitFor(() => expect(looked).toHaveBeenCalled());
    expect(FakeNotification.shown).toEqual([]);
  });

  test('once refused are not offered again; the settings can still ask', async () => {
    const { rig, user } = await shell('#/find');
    said(rig, 9, message(1));
    await user.click(screen.getByRole('button', { name: 'No, thanks' }));
    expect(screen.queryByText(/Be told of mentions/)).toBeNull();
    rig.chat.stop();
    document.body.replaceChildren();
    present = await renderWithChat(<><NotificationsPrompt /><NotificationsSetting /></>, () => ({ body: {} }));
    const choice = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Tell me of mentions and direct messages' });
    expect(choice.checked).toBe(false);
    await user.click(choice);
    await waitFor(() => expect(choice.checked).toBe(true));
    await user.click(choice);
    expect([choice.checked, present.chat.notifications.choice.getSnapshot()]).toEqual([false, 'off']);
  });
});

describe('where one left off', () => {
  test('is a step away where it is not loaded', async () => {
    present = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    const session = present.chat.rooms.session(7);
    if (session === undefined) throw new Error('room 7 is not there');
    act(() => session.apply({ type: 'opened', messages: [message(81), message(82)], to: 82, epoch: 'e1' }));
    document.body.replaceChildren();
    const { chat } = present;
    render(<ChatContext value={chat}><MessageList session={session} roomName="general" missed={{ after: 20, count: 60 }} /></ChatContext>);
    expect(screen.getByRole('link', { name: '60 new messages: where you left off' }).getAttribute('href')).toBe('#/room/7/21');
    expect(screen.queryByText('New')).toBeNull();
    act(() => session.apply({ type: 'older', messages: Array.from({ length: 60 }, (_, i) => message(i + 21)), hasMore: true }));
    expect(screen.queryByRole('link', { name: /new messages/ })).toBeNull();
    expect(screen.getByText('New')).toBeTruthy();
  });
});

describe('sounds and films', () => {
  const file = (id: number, name: string, contentType: string) => ({ id, name, size: 9, contentType, url: `/files/${id}` });

  test('play in place, and one that cannot is a plain file', async () => {
    present = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
    serve(present, message(1, { attachments: [file(1, 'song.mp3', 'audio/mpeg'), file(2, 'film.mp4', 'video/mp4'), file(3, 'voice.ogg', 'application/ogg'), file(4, 'take.wav', 'audio/wave')] }));
    const players = [screen.getByLabelText('song.mp3'), screen.getByLabelText('film.mp4'), screen.getByLabelText('voice.ogg')];
    expect(players.map((one) => [one.tagName, one.getAttribute('src'), one.getAttribute('preload')])).toEqual([
      ['AUDIO', '/files/1', 'metadata'],
      ['VIDEO', '/files/2', 'metadata'],
      ['AUDIO', '/files/3', 'metadata'],
    ]);
    expect(screen.getByRole('link', { name: 'take.wav 9 bytes' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Save film.mp4' }).getAttribute('download')).toBe('film.mp4');
    fireEvent.error(players[1] as HTMLElement);
    expect(await screen.findByRole('link', { name: 'film.mp4 9 bytes' })).toBeTruthy();
    // A recording of a voice alone has no picture.
    serve(present, message(2, { attachments: [file(5, 'voice.webm', 'video/webm')] }));
    const voice = screen.getByLabelText('voice.webm');
    Object.defineProperty(voice, 'videoWidth', { value: 0 });
    fireEvent.loadedMetadata(voice);
    expect(screen.getByLabelText('voice.webm').tagName).toBe('AUDIO');
  });
});
