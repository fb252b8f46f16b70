import { expect, test } from 'vitest';
import type { OutgoingWebhook } from '../protocol/types';
import { RestClient } from '../transport/rest';
import { deliveryOf, Webhooks } from './webhooks';

const hook: OutgoingWebhook = { id: 1, roomId: 7, url: 'https://example.org/chat', delivered: 5, failures: 0, lastError: '', createdAt: '2026-11-01T10:00:00.000Z', createdBy: { id: 1, username: 'alice', displayName: 'Alice', avatarUrl: '' }, paused: false };

test.each([
  ['has everything', hook, { kind: 'up to date' }],
  ['is behind', { ...hook, delivered: 3 }, { kind: 'behind', behind: 2 }],
  ['is paused', { ...hook, delivered: 3, failures: 2, paused: true }, { kind: 'paused' }],
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
])('reports a receiver that %s', (_, present, want) => {
  expect(deliveryOf(present, 5)).toEqual(want);
});

test('a resumed webhook is listed again', async () => {
  const asked: string[] = [];
  const rest = new RestClient(async (input, init) => {
    asked.push(`${init?.method} ${String(input).replace('/api/v1/rooms/7/webhooks', '')}`);
    return Response.json(init?.method === 'GET' ? { webhooks: [hook] } : { webhook: hook });
  });
  const webhooks = new Webhooks(rest, 7, () => 5);
  await webhooks.resumeOutgoing(1);
  expect(asked).toEqual(['POST /outgoing/1/resume', 'GET /outgoing']);
  expect(webhooks.outgoing.state.getSnapshot()).toEqual({ kind: 'ready', value: [{ hook, delivery: { kind: 'up to date' } }] });
});
