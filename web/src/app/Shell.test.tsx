import { act, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../protocol/types';
import { stubBrowser } from '../test/page';
import type { TestChat } from '../test/testChat';
import { author, message } from '../test/fixtures';
import { cleo, renderShell } from '../test/shell';

beforeEach(stubBrowser);

afterEach(() => {
  location.hash = '';
  vi.unstubAllGlobals();
});

const receive = (rig: TestChat, roomId: number, m: Message) => act(() => rig.socket().serve({ type: 'message:new', data: { roomId, seq: m.changeSeq, message: { ...m, roomId } } }));

describe('keyboard shortcuts', () => {
  test('the arrow keys step through rooms, or through unread rooms', async () => {
    const { rig, user } = await renderShell('#/room/7');
    await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
    await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/7'));
    receive(rig, 10, message(1, { author: author(cleo) }));
    await user.keyboard('{Alt>}{Shift>}{ArrowDown}{/Shift}{/Alt}');
    await waitFor(() => expect(location.hash).toBe('#/room/10'));
  });

  test('a question mark shows the shortcuts, except in a text', async () => {
    const { user } = await renderShell('#/room/7');
    await user.type(screen.getByRole('textbox', { name: 'Message general' }), 'why?');
    expect(screen.queryByRole('dialog')).toBeNull();
    act(() => screen.getByRole('region', { name: 'Messages in general' }).focus());
    await user.keyboard('?');
    expect(screen.getByRole('dialog', { name: 'Keyboard' })).toBeTruthy();
  });
});
