import { expect, test } from 'vitest';
import type { OutgoingHook } from '../protocol/types';
import { Rest } from '../transport/rest';
import { deliveryOf, Webhooks } from './webhooks';

const hook: OutgoingHook = { id: 1, roomId: 7, url: 'https://example.org/chat', delivered: 5, failures: 0, lastError: '', createdAt: '2026-11-01T10:00:00.000Z' };

test.each([
  ['has everything', hook, { kind: 'up to date' }],
  ['is behind', { ...hook, delivered: 3 }, { kind: 'behind', behind: 2 }],
  ['is ahead of what this client knows', { ...hook, delivered: 8 }, { kind: 'up to date' }],
  [
    'fails',
    { ...hook, failures: 2, lastError: 'answered 500', nextTryAt: '2026-11-01T11:00:00.000Z' },
    { kind: 'failing', reason: 'answered 500', tries: 2, nextTryAt: '2026-11-01T11:00:00.000Z' },
  ],
  [
    'was given up',
    { ...hook, failures: 9, lastError: 'answered 410 Gone', disabledAt: '2026-11-02T10:00:00.000Z' },
    { kind: 'given up', reason: 'answered 410 Gone', at: '2026-11-02T10:00:00.000Z' },
  ],
])('a receiver that %s', (_, present, want) => {
  expect(deliveryOf(present, 5)).toEqual(want);
});

test('one that was given up stays until its successor is there', async () => {
  const asked: string[] = [];
  let full = true;
  const rest = new Rest(async (input, init) => {
    asked.push(`${init?.method} ${String(input).replace('/api/v1/rooms/7/webhooks', '')}`);
    if (init?.method === 'DELETE') return new Response(null, { status: 204 });
    if (init?.method === 'GET') return Response.json({ webhooks: [] });
    if (full) return Response.json({ status: 403, title: 'Forbidden', detail: 'A room has at most 10.', code: 'FORBIDDEN' }, { status: 403 });
    return Response.json({ webhook: { ...hook, id: 2, secret: 's3cret' } }, { status: 201 });
  });
  const webhooks = new Webhooks(rest, 7, () => 5);
  await expect(webhooks.beginAnew(hook)).rejects.toThrow('A room has at most 10.');
  expect(asked).toEqual(['POST /outgoing']);
  full = false;
  expect(await webhooks.beginAnew(hook)).toMatchObject({ id: 2, secret: 's3cret' });
  expect(asked).toEqual(['POST /outgoing', 'POST /outgoing', 'DELETE /outgoing/1', 'GET /outgoing']);
});
