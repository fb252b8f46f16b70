import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { SessionList } from './SessionList';

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
    const rig = await renderWithChat(<SessionList />, (method, path, body) => {
      const refusal = refuse({ method, path, body });
      if (refusal) return refusal;
      if (method === 'DELETE') sessions = [here];
      return method === 'GET' ? { body: { sessions } } : { status: 204, body: null };
    });
    testChat = rig;
    return { ...rig, user: userEvent.setup() };
  }

  test('lists the sessions and ends one', async () => {
    const { user, requests: asked } = await account();
    const list = await screen.findByRole('list');
    expect(within(list).getAllByRole('listitem').map((item) => item.textContent?.split('·')[0])).toEqual([
      'Firefox on Linux This device10.0.0.1 ',
      'Chrome on Android 10.0.0.2 ',
    ]);
    await user.click(screen.getByRole('button', { name: 'End the session of Chrome on Android, 10.0.0.2' }));
    await waitFor(() => expect(within(list).getAllByRole('listitem')).toHaveLength(1));
    expect(asked).toContain('DELETE /auth/sessions/2');
  });

  test('retries a failed list', async () => {
    let away = true;
    const { user } = await account(() => (away ? problem(503, 'UNAVAILABLE', 'Not right now.') : undefined));
    await screen.findByText('The list could not be loaded');
    away = false;
    await user.click(within(screen.getByRole('region', { name: 'Where you are signed in' })).getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('This device')).toBeTruthy();
  });
});
