import { expect, test } from 'vitest';
import { RestClient } from '../transport/rest';
import { alice } from '../test/fixtures';
import { Account } from './account';

/** Returns an account that is signed in. The test sends the response to its deletion. */
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

test('shows the notice of a deleted account, even if the socket reports the end of the session first', async () => {
  const { account, closed, answer } = await closing();
  await account.check();
  expect(account.state.getSnapshot().kind).toBe('signed-in');
  answer(new Response(null, { status: 204 }));
  await closed;
  expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', notice: expect.stringContaining('Your account is closed') });
});

test('signs out if the session ended and the response was lost', async () => {
  const { account, closed, answer } = await closing();
  await account.check();
  answer(new Response('', { status: 502 }));
  await expect(closed).rejects.toThrow();
  expect(account.state.getSnapshot()).toMatchObject({ kind: 'signed-out', notice: expect.stringContaining('session has ended') });
});
