import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, serve, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, message, user as person } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

const members = [alice, bob, person(3, 'boris', 'Boris')].map((user) => ({ user, role: 'member', status: 'online' }));

async function room(answer: Answer = () => ({ body: {} })) {
  testChat = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => (path.includes('/members') ? { body: { members } } : answer(method, path, body)));
  return { ...testChat, user: userEvent.setup(), box: screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' }) };
}

describe('mentions', () => {
  test('marks messages that mention the user', async () => {
    const rig = await room();
    serve(rig, message(1, { text: '@alice', html: '<p><span class="mention" data-user-id="1">@alice</span></p>', mentions: [1] }), message(2));
    const lines = await waitFor(() => [screen.getByText('@alice'), screen.getByText('m2')].map((one) => one.closest('li')));
    expect(lines.map((line) => line?.hasAttribute('data-mentions-me'))).toEqual([true, false]);
  });
});
