import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { alice } from '../../test/fixtures';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { AccountSettings } from './AccountSettings';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string, field?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(field ? { errors: [{ location: `body.${field}`, message: detail }] } : {}) },
});

describe('account', () => {
  test('upgrades a guest, and shows a taken username at its field', async () => {
    const guest = { ...alice, guest: true };
    testChat = await renderWithChat(<AccountSettings />, (method, _, body) => {
      if (method !== 'PUT') return { body: { sessions: [] } };
      const { username } = body as { username: string };
      return username === 'bob' ? problem(409, 'USERNAME_TAKEN', 'That username is taken.') : { body: { user: { ...alice, username } } };
    });
    const { chat } = testChat;
    act(() => chat.profile.user.set(guest));
    const user = userEvent.setup();
    const name = screen.getByLabelText('Username');
    await user.type(name, 'bob');
    await user.type(screen.getByLabelText('Password'), 'long enough');
    await user.click(screen.getByRole('button', { name: 'Keep my account' }));
    await screen.findByText('That username is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
    await user.clear(name);
    await user.type(name, 'alicia');
    await user.click(screen.getByRole('button', { name: 'Keep my account' }));
    await waitFor(() => expect(chat.profile.user.getSnapshot()).toMatchObject({ username: 'alicia', guest: false }));
    expect(screen.getByRole('button', { name: 'Change password' })).toBeTruthy();
  });
});
