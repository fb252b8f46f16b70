import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { PasswordForm } from './PasswordForm';

let testChat: TestChat | undefined;

beforeEach(stubBrowser);

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  localStorage.clear();
  vi.unstubAllGlobals();
});

type Asked = { method: string; path: string; body: unknown };

const problem = (status: number, code: string, detail: string, location?: string) => ({
  status,
  body: { status, title: 'No', detail, code, ...(location ? { errors: [{ location, message: detail }] } : {}) },
});

describe('account', () => {
  const here = { id: 1, userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', ip: '10.0.0.1', createdAt: '2026-11-01T10:00:00.000Z', lastSeenAt: '2026-11-23T10:00:00.000Z', current: true };

  const phone = { ...here, id: 2, userAgent: 'Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36', ip: '10.0.0.2', current: false };

  async function account(refuse: (asked: Asked) => ReturnType<typeof problem> | undefined = () => undefined) {
    let sessions = [phone, here];
    const rig = await renderWithChat(<PasswordForm />, (method, path, body) => {
      const refusal = refuse({ method, path, body });
      if (refusal) return refusal;
      if (method === 'DELETE') sessions = [here];
      return method === 'GET' ? { body: { sessions } } : { status: 204, body: null };
    });
    testChat = rig;
    return { ...rig, user: userEvent.setup() };
  }

  test('shows a wrong current password at its field, then confirms the change', async () => {
    const { user } = await account(({ method, body }) =>
      method === 'PUT' && (body as { current: string }).current !== 'old password' ? problem(403, 'WRONG_PASSWORD', 'Incorrect password.') : undefined,
    );
    const current = screen.getByLabelText('Current password');
    await user.type(current, 'a guess');
    await user.type(screen.getByLabelText('New password'), 'new password');
    await user.click(screen.getByRole('button', { name: 'Change password' }));
    await screen.findByText('Incorrect password.');
    expect(current.getAttribute('aria-invalid')).toBe('true');
    await user.clear(current);
    await user.type(current, 'old password');
    await user.click(screen.getByRole('button', { name: 'Change password' }));
    expect(await screen.findByText(/Your password is changed/)).toBeTruthy();
    expect((current as HTMLInputElement).value).toBe('');
  });
});
