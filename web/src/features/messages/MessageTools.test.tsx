import { act, screen, within } from '@testing-library/react';
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
  test('is not offered for messages of others', async () => {
    const { user, row } = await room(message(1));
    expect(row('m1').queryByRole('button', { name: 'Edit' })).toBeNull();
    await user.click(row('m1').getByRole('button', { name: 'More actions' }));
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent).slice(6)).toEqual(['Add a reaction', 'Reply', 'Copy text', 'Copy link']);
    await user.keyboard('{Escape}');
    expect(document.activeElement).toBe(row('m1').getByRole('button', { name: 'More actions' }));
  });
});

test('disables actions that need the server while offline, and still queues a reply', async () => {
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
