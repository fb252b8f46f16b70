import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountContext } from '../../hooks/context';
import { Account } from '../../state/account';
import { renderWithChat, stubBrowser } from '../../test/page';
import type { TestChat } from '../../test/testChat';
import { RestClient } from '../../transport/rest';
import { CloseAccountDialog } from './CloseAccountDialog';

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
  test('closes the account only with the right password', async () => {
    const mutations: unknown[] = [];
    const account = new Account(new RestClient(async (_, init) => {
      const body = JSON.parse(String(init?.body ?? '{}')) as { password?: string };
      mutations.push(body);
      if (body.password === 'right') return new Response(null, { status: 204 });
      const { body: answer } = problem(403, 'WRONG_PASSWORD', 'Incorrect password.');
      return new Response(JSON.stringify(answer), { status: 403 });
    }), 'ws://test/ws');
    testChat = await renderWithChat(
      <AccountContext value={account}>
        <CloseAccountDialog onClose={() => undefined} />
      </AccountContext>,
      () => ({ body: {} }),
    );
    const user = userEvent.setup();
    const closes = screen.getByRole<HTMLButtonElement>('button', { name: 'Close account' });
    expect(closes.disabled).toBe(true);
    await user.type(screen.getByLabelText('Your password'), 'wrong{Enter}');
    await screen.findByText('Incorrect password.');
    expect(account.state.getSnapshot().kind).toBe('checking');
    await user.clear(screen.getByLabelText('Your password'));
    await user.type(screen.getByLabelText('Your password'), 'right{Enter}');
    await waitFor(() => expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', first: false }));
    expect(mutations).toEqual([{ password: 'wrong' }, { password: 'right' }]);
  });
});
