import { screen, within } from '@testing-library/react';
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

describe('reply', () => {
  test('shows the quote above the composer and sends it with the message', async () => {
    const { user, row, box, command } = await room(message(1));
    await user.click(row('m1').getByRole('button', { name: 'Reply' }));
    expect(document.activeElement).toBe(box);
    expect(screen.getByText(/Reply to/).textContent).toBe('Reply to Bob m1');
    await user.type(box, 'yes{Enter}');
    expect((await command('message:send')).data).toMatchObject({ text: 'yes', replyTo: 1001 });
    expect(screen.queryByText(/Reply to/)).toBeNull();
    expect(row('yes').getByText('Bob')).toBeTruthy();
  });

  test('Escape removes the quote and keeps the text', async () => {
    const { user, row, box, command } = await room(message(1));
    await user.click(row('m1').getByRole('button', { name: 'Reply' }));
    await user.type(box, 'never mind{Escape}{Enter}');
    expect((await command('message:send')).data.replyTo).toBeUndefined();
  });
});
