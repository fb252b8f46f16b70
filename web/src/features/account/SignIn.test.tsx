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

const open = { name: 'Chillin', version: 'v1', signup: 'open', guests: true, passwordLogin: true, mail: false, providers: [], passkeys: false };

describe('sign in', () => {
  /** The server answers /server with info, unless it is null, and everything else with answer. */
  function showSignIn({ answer = () => new Response('{}', { status: 404 }), info = open, first = false }: { answer?: () => Response; info?: object | null; first?: boolean }) {
    const fetcher = async (input: unknown) => (String(input).endsWith('/server') && info !== null ? new Response(JSON.stringify(info)) : answer());
    const account = new Account(new RestClient(fetcher as typeof fetch), 'ws://test/ws');
    render(
      <AccountContext value={account}>
        <SignIn first={first} />
      </AccountContext>,
    );
  }

  test('shows why the sign-in was refused', async () => {
    const refusal = problem(401, 'UNAUTHENTICATED', 'Wrong username or password.');
    showSignIn({ answer: () => new Response(JSON.stringify(refusal.body), { status: 401 }) });
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText('Username or email'), 'alice');
    await user.type(screen.getByLabelText('Password'), 'wrong-password');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Wrong username or password.');
  });

  test('shows a taken username at its field', async () => {
    const refusal = { status: 409, title: 'Conflict', detail: 'That username is taken.', code: 'USERNAME_TAKEN', errors: [{ location: 'body.username', message: 'taken' }] };
    showSignIn({ answer: () => new Response(JSON.stringify(refusal), { status: 409 }) });
    const user = userEvent.setup();
    await user.click(await screen.findByRole('button', { name: 'Create an account' }));
    const name = screen.getByLabelText('Username');
    await user.type(name, 'alice');
    await user.type(screen.getByLabelText('Password'), 'long-enough');
    await user.click(screen.getByRole('button', { name: 'Create account' }));
    await screen.findByText('That username is taken.');
    expect(name.getAttribute('aria-invalid')).toBe('true');
  });

  test.each([
    ['everything', { ...open, name: 'Our chat' }, 'Welcome to Our chat', ['Sign in', 'Continue as a guest']],
    ['no sign-up', { ...open, signup: 'closed' }, 'Sign in', ['Continue as a guest']],
    ['no guests', { ...open, guests: false }, 'Welcome to Chillin', ['Sign in']],
    ['neither', { ...open, signup: 'closed', guests: false }, 'Sign in', []],
    ['a kind of sign-up of a newer version', { ...open, signup: 'moon', guests: false }, 'Sign in', []],
    ['what a node of an older version does not say', null, 'Welcome to Chillin', ['Sign in', 'Continue as a guest']],
  ])('offers %s', async (_, info, title, links) => {
    showSignIn({ info, first: true });
    expect((await screen.findByRole('heading', { level: 1 })).textContent).toBe(title);
    const buttons = screen.getAllByRole('button').filter(({ className }) => className === 'link');
    expect(buttons.map(({ textContent }) => textContent)).toEqual(links);
  });
});
