import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message, mine } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let present: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  present?.chat.stop();
  present = undefined;
  vi.unstubAllGlobals();
});

/** Alice in her room, with what was said in it. */
async function room(...said: Message[]) {
  const rig = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
  present = rig;
  serve(rig, ...said);
  const row = (text: string) => {
    const line = screen.getByText(text, { selector: 'p' }).closest('li');
    if (line === null) throw new Error(`no line says ${text}`);
    return within(line);
  };
  const box = screen.getByRole('textbox', { name: 'Message general' });
  return { ...rig, user: userEvent.setup(), row, box };
}

describe('reply', () => {
  test('quotes above the composer and is sent with the message', async () => {
    const { user, row, box, command } = await room(message(1));
    await user.click(row('m1').getByRole('button', { name: 'Reply' }));
    expect(document.activeElement).toBe(box);
    expect(screen.getByText(/Reply to/).textContent).toBe('Reply to Bob m1');
    await user.type(box, 'yes{Enter}');
    expect((await command('message:send')).data).toMatchObject({ text: 'yes', replyTo: 1001 });
    expect(screen.queryByText(/Reply to/)).toBeNull();
    expect(row('yes').getByText('Bob')).toBeTruthy();
  });

  test('Escape forgets the quote and keeps the text', async () => {
    const { user, row, box, command } = await room(message(1));
    await user.click(row('m1').getByRole('button', { name: 'Reply' }));
    await user.type(box, 'never mind{Escape}{Enter}');
    expect((await command('message:send')).data.replyTo).toBeUndefined();
  });
});

describe('reactions', () => {
  const liked = message(1, { reactions: [{ emoji: '👍', count: 2, me: false, userIds: [2, 9] }] });

  test('are chosen with the keyboard', async () => {
    const { user, row, command } = await room(message(1));
    const more = row('m1').getByRole('button', { name: 'More actions' });
    act(() => more.focus());
    await user.keyboard('{Enter}');
    await user.click(screen.getByRole('menuitem', { name: 'Add a reaction' }));
    expect(document.activeElement).toBe(screen.getByRole('menuitem', { name: 'Thumbs up' }));
    await user.keyboard('{ArrowRight}{Enter}');
    expect((await command('message:react')).data).toEqual({ messageId: 1001, emoji: '❤️', on: true });
    expect(screen.queryByRole('menu')).toBeNull();
    expect(document.activeElement).toBe(more);
  });

  test('tell who, and a chip puts one in and takes it back', async () => {
    const rig = await room(liked);
    const { user, row, command, socket } = rig;
    const chip = () => row('m1').getByRole('button', { name: /👍/ });
    expect(chip().getAttribute('aria-label')).toBe('👍 2, Bob, somebody');
    await user.click(chip());
    const first = await command('message:react');
    expect(first.data).toEqual({ messageId: 1001, emoji: '👍', on: true });
    act(() => socket().serve({ id: first.id, type: 'ok', data: { seq: 2 } }));
    serve(rig, { ...liked, changeSeq: 2, reactions: [{ emoji: '👍', count: 3, me: true, userIds: [2, 9, 1] }] });
    await waitFor(() => expect(chip().getAttribute('aria-pressed')).toBe('true'));
    await user.click(chip());
    expect((await command('message:react', 2)).data.on).toBe(false);
  });

  test('say why they failed', async () => {
    const { user, row, command, socket } = await room(liked);
    await user.click(row('m1').getByRole('button', { name: /👍/ }));
    const { id } = await command('message:react');
    act(() => socket().serve({ id, type: 'error', data: { code: 'FORBIDDEN', message: 'Not here.' } }));
    expect((await row('m1').findByRole('alert')).textContent).toBe('Your reaction did not get through. Not here.');
  });
});

describe('edit', () => {
  test('arrow up in an empty composer changes the last message of one\'s own', async () => {
    const { user, box, command, socket } = await room(mine(1, 'a'), message(2));
    await user.type(box, '{ArrowUp}');
    const editor = screen.getByRole('textbox', { name: 'Edit your message' });
    expect(document.activeElement).toBe(editor);
    await user.type(editor, ' better{Enter}');
    const { id, data } = await command('message:edit');
    expect(data).toEqual({ messageId: 1001, text: 'm1 better' });
    expect(screen.getByRole('button', { name: 'Saving…' })).toBeTruthy();
    act(() => socket().serve({ id, type: 'ok', data: { seq: 3 } }));
    await waitFor(() => expect(screen.queryByRole('textbox', { name: 'Edit your message' })).toBeNull());
    expect(document.activeElement).toBe(box);
  });

  test('Escape leaves everything as it was', async () => {
    const { user, row } = await room(mine(1, 'a'));
    await user.click(row('m1').getByRole('button', { name: 'Edit' }));
    await user.keyboard(' worse{Escape}');
    expect(screen.queryByRole('textbox', { name: 'Edit your message' })).toBeNull();
    expect(row('m1').getByText('m1')).toBeTruthy();
  });

  test('what was refused stays in the editor, with the reason', async () => {
    const { user, row, command, socket } = await room(mine(1, 'a'));
    await user.click(row('m1').getByRole('button', { name: 'Edit' }));
    await user.keyboard('!{Enter}');
    const { id } = await command('message:edit');
    act(() => socket().serve({ id, type: 'error', data: { code: 'RATE_LIMITED', message: 'Too fast.' } }));
    expect((await screen.findByRole('alert')).textContent).toBe('Not saved. Too fast.');
    expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Edit your message' }).value).toBe('m1!');
  });

  test('is not offered for what others wrote', async () => {
    const { user, row } = await room(message(1));
    expect(row('m1').queryByRole('button', { name: 'Edit' })).toBeNull();
    await user.click(row('m1').getByRole('button', { name: 'More actions' }));
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent)).toEqual(['Add a reaction', 'Reply', 'Copy text', 'Copy link']);
    await user.keyboard('{Escape}');
    expect(document.activeElement).toBe(row('m1').getByRole('button', { name: 'More actions' }));
  });
});

describe('delete', () => {
  test('asks first, and leaves the focus in the list', async () => {
    const rig = await room(mine(1, 'a'));
    const { user, row, command, socket } = rig;
    await user.click(row('m1').getByRole('button', { name: 'More actions' }));
    await user.click(screen.getByRole('menuitem', { name: 'Delete' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }));
    const { id, data } = await command('message:delete');
    expect(data).toEqual({ messageId: 1001 });
    act(() => socket().serve({ id, type: 'ok', data: { seq: 2 } }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    serve(rig, { ...mine(1, 'a'), changeSeq: 2, text: '', html: '', deletedAt: '2026-11-23T11:00:00.000Z' });
    expect(await screen.findByText('This message was deleted.')).toBeTruthy();
    expect(screen.queryByRole('toolbar')).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole('region', { name: 'Messages in general' }));
  });
});

test('while offline what needs the server says so, and a reply is still queued', async () => {
  const { user, row, socket, box } = await room(mine(1, 'a'));
  act(() => socket().end(1006));
  await user.click(row('m1').getByRole('button', { name: 'More actions' }));
  const item = screen.getByRole('menuitem', { name: /^Edit/ });
  expect(item.getAttribute('aria-disabled')).toBe('true');
  expect(item.textContent).toContain('Not connected right now');
  await user.click(item);
  expect(screen.queryByRole('textbox', { name: 'Edit your message' })).toBeNull();
  await user.click(screen.getByRole('menuitem', { name: 'Reply' }));
  await user.type(box, 'later{Enter}');
  expect(await screen.findByText('Queued')).toBeTruthy();
});
