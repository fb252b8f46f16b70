import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

/** Alice in a room with messages. */
async function room(...said: Message[]) {
  const rig = await renderWithChat(<RoomView roomId={7} />, (_, path) => ({ body: path.includes('/members') ? { members: [] } : {} }));
  testChat = rig;
  serve(rig, ...said);
  const row = (text: string) => {
    const line = screen.getByText(text, { selector: 'p' }).closest('li');
    if (line === null) throw new Error(`no line says ${text}`);
    return within(line);
  };
  const box = screen.getByRole('textbox', { name: 'Message general' });
  return { ...rig, user: userEvent.setup(), row, box };
}

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

  test('lists the users, and a click adds or removes a reaction', async () => {
    const rig = await room(liked);
    const { user, row, command, socket } = rig;
    const chip = () => row('m1').getByRole('button', { name: /👍/ });
    expect(chip().getAttribute('aria-label')).toBe('👍 2, Bob, another member');
    await user.click(chip());
    const first = await command('message:react');
    expect(first.data).toEqual({ messageId: 1001, emoji: '👍', on: true });
    act(() => socket().serve({ id: first.id, type: 'ok', data: { seq: 2 } }));
    serve(rig, { ...liked, changeSeq: 2, reactions: [{ emoji: '👍', count: 3, me: true, userIds: [2, 9, 1] }] });
    await waitFor(() => expect(chip().getAttribute('aria-pressed')).toBe('true'));
    await user.click(chip());
    expect((await command('message:react', 2)).data.on).toBe(false);
  });

  test('shows why a reaction failed', async () => {
    const { user, row, command, socket } = await room(liked);
    await user.click(row('m1').getByRole('button', { name: /👍/ }));
    const { id } = await command('message:react');
    act(() => socket().serve({ id, type: 'error', data: { code: 'FORBIDDEN', message: 'Not here.' } }));
    expect((await row('m1').findByRole('alert')).textContent).toBe('Your reaction was not saved. Not here.');
  });
});
