import { expect, test } from 'vitest';
import { RestClient } from '../transport/rest';
import { alice } from '../test/fixtures';
import { Account } from './account';

/** An account that is signed in, and whose close is answered by hand. */
async function closing() {
  let answer: (response: Response) => void = () => undefined;
  const rest = new RestClient(async (input, init) => {
    if (init?.method === 'DELETE') return new Promise<Response>((resolve) => (answer = resolve));
    if (String(input).endsWith('/auth/login')) return new Response(JSON.stringify({ user: alice }));
    return new Response(JSON.stringify({ status: 401, code: 'UNAUTHENTICATED', detail: 'Please sign in.' }), { status: 401 });
  });
  const account = new Account(rest, 'ws://test/ws');
  await account.login('alice', 'correct horse');
  const closed = account.close('correct horse');
  return { account, closed, answer: (response: Response) => answer(response) };
}

test('that an account was closed is told by the answer, also where the session is heard to have ended first', async () => {
  const { account, closed, answer } = await closing();
  await account.check();
  expect(account.state.getSnapshot().kind).toBe('signed-in');
  answer(new Response(null, { status: 204 }));
  await closed;
  expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', notice: expect.stringContaining('Your account is closed') });
});

test('a session that ended while the answer was lost has ended', async () => {
  const { account, closed, answer } = await closing();
  await account.check();
  answer(new Response('', { status: 502 }));
  await expect(closed).rejects.toThrow();
  expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', notice: expect.stringContaining('session has ended') });
});
