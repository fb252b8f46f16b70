import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AccountContext } from '../../hooks/context';
import { Account } from '../../state/account';
import type { TestChat } from '../../test/testChat';
import { RestClient } from '../../transport/rest';
import { SignIn } from './SignIn';

let testChat: TestChat | undefined;

beforeEach(() => {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: query.includes('hover: hover'), media: query }));
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    disconnect() {}
  });
});

afterEach(() => {
  testChat?.chat.stop();
  testChat = undefined;
  vi.unstubAllGlobals();
});

const problem = (status: number, code: string, detail: string) => ({ status, body: { status, title: 'No', detail, code } });

describe('sign in', () => {
  function showSignIn(answer: () => Response) {
    const account = new Account(new RestClient(async () => answer()), 'ws://test/ws');
    render(
      <AccountContext value={account}>
        <SignIn />
      </AccountContext>,
    );
  }

  test('shows why the sign-in was refused', async () => {
    const refusal = problem(401, 'UNAUTHENTICATED', 'Wrong username or password.');
    showSignIn(() => new Response(JSON.stringify(refusal.body), { status: 401 }));
    const user = userEvent.setup();
    await user.type(screen.getByLabelText('Username or email'), 'alice');
    await user.type(screen.getByLabelText('Password'), 'wrong-password');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Wrong username or password.');
  });

  test('shows a taken username at its field', async () => {
    const refusal = { status: 409, title: 'Conflict', detail: 'That username is taken.', code: 'USERNAME_TAKEN', errors: [{ location: 'body.username', message: 'taken' }] };
    showSignIn(() => new Response(JSON.stringify(refusal), { status: 409 }));
    const user = userEvent.setup();
    await user.click(screen.getByRole('button', { name: 'Create an account' }));
    const name = screen.getByLabelText('Username');
    await user.type(name, 'alice');
    await user.type(screen.getByLabelText('Password'), 'long-enough');
    await user.click(screen.getByRole('button', { name: 'Create account' }));
    await screen.findByText('That username is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });
});
