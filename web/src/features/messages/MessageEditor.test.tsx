import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { message, mine } from '../../test/fixtures';
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

describe('edit', () => {
  test('the up key in an empty composer edits the last own message', async () => {
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

  test('Escape cancels the edit', async () => {
    const { user, row } = await room(mine(1, 'a'));
    await user.click(row('m1').getByRole('button', { name: 'Edit' }));
    await user.keyboard(' worse{Escape}');
    expect(screen.queryByRole('textbox', { name: 'Edit your message' })).toBeNull();
    expect(row('m1').getByText('m1')).toBeTruthy();
  });

  test('keeps a refused edit in the editor and shows the reason', async () => {
    const { user, row, command, socket } = await room(mine(1, 'a'));
    await user.click(row('m1').getByRole('button', { name: 'Edit' }));
    await user.keyboard('!{Enter}');
    const { id } = await command('message:edit');
    act(() => socket().serve({ id, type: 'error', data: { code: 'RATE_LIMITED', message: 'Too fast.' } }));
    expect((await screen.findByRole('alert')).textContent).toBe('Not saved. Too fast.');
    expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Edit your message' }).value).toBe('m1!');
  });
});
