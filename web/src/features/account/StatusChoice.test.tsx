import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { alice } from '../../test/fixtures';
import { StatusChoice } from './StatusChoice';

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
    const rig = await renderWithChat(<StatusChoice />, (method, path, body) => {
      const refusal = refuse({ method, path, body });
      if (refusal) return refusal;
      if (method === 'DELETE') sessions = [here];
      return method === 'GET' ? { body: { sessions } } : { status: 204, body: null };
    });
    testChat = rig;
    return { ...rig, user: userEvent.setup() };
  }

  test('sends the status, and sends it again after a reconnect', async () => {
    const { user, command, socket } = await account();
    await user.click(screen.getByRole('radio', { name: 'Busy' }));
    expect((await command('presence:set')).data).toEqual({ status: 'busy' });
    act(() => socket().serve({ type: 'connected', data: { user: alice, epoch: 'e1', rooms: [] } }));
    expect((await command('presence:set', 2)).data).toEqual({ status: 'busy' });
  });
});
