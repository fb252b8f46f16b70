import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice, bob, user as person } from '../../test/fixtures';
import { RoomView } from '../room/RoomView';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

type Answer = Parameters<typeof renderWithChat>[1];

const problem = (status: number, code: string, detail: string, field?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(field ? { errors: [{ location: `body.${field}`, message: detail }] } : {}) },
});

const members = [alice, bob, person(3, 'boris', 'Boris')].map((user) => ({ user, role: 'member', status: 'online' }));

async function room(answer: Answer = () => ({ body: {} })) {
  testChat = await renderWithChat(<RoomView roomId={7} />, (method, path, body) => (path.includes('/members') ? { body: { members } } : answer(method, path, body)));
  return { ...testChat, user: userEvent.setup(), box: screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message general' }) };
}

describe('files', () => {
  const note = new File(['plan'], 'plan.txt', { type: 'text/plain' });

  test('shows the error of a refused upload at the message, which can be discarded', async () => {
    const { user, box, chat } = await room(() => problem(403, 'FORBIDDEN', 'You have too many files.'));
    await user.upload(screen.getByLabelText('Files to attach'), note);
    await user.type(box, 'the plan{Enter}');
    await screen.findByText('Not sent. You have too many files.');
    await user.click(screen.getByRole('button', { name: 'Discard' }));
    await waitFor(() => expect(chat.outbox.entries.getSnapshot()).toEqual([]));
  });
});
