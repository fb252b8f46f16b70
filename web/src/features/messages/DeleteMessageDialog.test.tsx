import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../protocol/types';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { mine } from '../../test/fixtures';
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

describe('delete', () => {
  test('asks first, and then moves the focus to the list', async () => {
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
