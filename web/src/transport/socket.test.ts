import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ServerFrame } from '../protocol/types';
import { FakeWebSocket, hello } from '../test/fakeSocket';
import { ApiError, NetworkError } from './errors';
import { ChatSocket, type ConnectionState } from './socket';

let opened: FakeWebSocket[];
let states: string[];
let events: ServerFrame[];
let ended: number;
let refused: number;
let socket: ChatSocket;

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
  states = [];
  events = [];
  ended = 0;
  refused = 0;
  socket = new ChatSocket(
    {
      onState: (state: ConnectionState) => states.push(state.kind),
      onFrame: (frame) => events.push(frame),
      onSessionEnded: () => (ended += 1),
      onConnectFailed: () => (refused += 1),
    },
    {
      url: 'ws://test/ws',
      random: () => 1,
      open: () => {
        const ws = new FakeWebSocket();
        opened.push(ws);
        return ws as unknown as WebSocket;
      },
    },
  );
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

function last(): FakeWebSocket {
  const ws = opened.at(-1);
  if (ws === undefined) throw new Error('no connection was opened');
  return ws;
}

describe('connection', () => {
  test('is connected after the first frame of the server', () => {
    socket.open();
    expect(states).toEqual(['connecting']);
    last().serve(hello());
    expect(states).toEqual(['connecting', 'connected']);
  });

  test('reconnects with growing delays and fails after ten attempts', () => {
    socket.open();
    last().serve(hello());
    last().end(1006);
    const waits: number[] = [];
    while (socket.state.kind === 'reconnecting') {
      const before = opened.length;
      let waited = 0;
      while (opened.length === before) {
        vi.advanceTimersByTime(500);
        waited += 500;
      }
      waits.push(waited);
      last().end(1006);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    expect(socket.state).toEqual({ kind: 'failed' });
    expect(refused).toBe(10);
  });

  test('reconnects immediately on request, even after it failed', () => {
    socket.open();
    last().serve(hello());
    for (let i = 0; i < 11; i++) {
      last().end(1006);
      vi.advanceTimersByTime(30_000);
    }
    expect(socket.state.kind).toBe('failed');
    const before = opened.length;
    socket.retryNow();
    expect(opened).toHaveLength(before + 1);
    last().serve(hello());
    expect(socket.state.kind).toBe('connected');
  });

  test('continues with slow attempts after it failed, and connects when the server is back', () => {
    socket.open();
    for (let i = 0; i < 11; i++) {
      last().end(1006);
      vi.advanceTimersByTime(30_000);
    }
    expect(socket.state.kind).toBe('failed');
    for (let i = 0; i < 20; i++) {
      const before = opened.length;
      vi.advanceTimersByTime(29_000);
      expect(opened).toHaveLength(before);
      vi.advanceTimersByTime(31_000);
      expect(opened).toHaveLength(before + 1);
      expect(socket.state.kind).toBe('failed');
      if (i < 19) last().end(1006);
    }
    last().serve(hello());
    expect(socket.state.kind).toBe('connected');
  });

  test('a request of the user does not wait for a slow attempt that hangs', () => {
    socket.open();
    for (let i = 0; i < 11; i++) {
      last().end(1006);
      vi.advanceTimersByTime(30_000);
    }
    vi.advanceTimersByTime(30_000);
    const before = opened.length;
    socket.retryNow();
    expect(opened).toHaveLength(before + 1);
    expect(socket.state.kind).toBe('reconnecting');
  });

  test.each([1001, 1011, 1013, 4002, 4008])('reconnects after close code %i', (code) => {
    socket.open();
    last().serve(hello());
    last().end(code);
    expect(socket.state.kind).toBe('reconnecting');
  });

  test('does not reconnect after the session has ended', () => {
    socket.open();
    last().serve(hello());
    last().end(4001);
    vi.advanceTimersByTime(120_000);
    expect(ended).toBe(1);
    expect(opened).toHaveLength(1);
    expect(socket.state.kind).toBe('disconnected');
  });

  test('reports too many connections and waits for the user', () => {
    socket.open();
    last().serve(hello());
    last().end(4029);
    vi.advanceTimersByTime(120_000);
    expect(opened).toHaveLength(1);
    expect(socket.state).toMatchObject({ kind: 'failed' });
  });

  test('leaves a draining node after the announced delay', () => {
    socket.open();
    last().serve(hello(), { type: 'draining', data: { reconnectInMs: 3_000 } });
    vi.advanceTimersByTime(2_999);
    expect(opened).toHaveLength(1);
    vi.advanceTimersByTime(2);
    expect(opened).toHaveLength(2);
  });

  test('detects a dead connection by a missing pong', () => {
    socket.open();
    last().serve(hello({ pingMs: 20_000 }));
    vi.advanceTimersByTime(20_000);
    expect(last().sent.at(-1)?.type).toBe('ping');
    vi.advanceTimersByTimeAsync(12_000);
    return vi.waitFor(() => expect(socket.state.kind).toBe('reconnecting'));
  });

  test('drops a connection without a first frame', () => {
    socket.open();
    vi.advanceTimersByTime(10_000);
    expect(socket.state.kind).toBe('reconnecting');
  });
});

describe('frames', () => {
  test('a message can contain several frames', () => {
    socket.open();
    last().serve(hello(), { type: 'typing:update', data: { roomId: 7, userIds: [2] } }, { type: 'typing:update', data: { roomId: 8, userIds: [] } });
    expect(events.map((frame) => frame.type)).toEqual(['connected', 'typing:update', 'typing:update']);
  });

  test('ignores invalid and unknown frames', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    socket.open();
    last().serve(hello());
    last().onmessage?.(
      new MessageEvent('message', { data: 'nonsense\n{"type":"from:the:future","data":{}}\n{"type":"room:removed","data":{"roomId":3,"reason":"left"}}\n' }),
    );
    expect(events.map((frame) => frame.type)).toEqual(['connected', 'room:removed']);
  });

  test('assigns responses to requests', async () => {
    socket.open();
    last().serve(hello());
    const first = socket.request('message:send', { roomId: 7, cid: 'a', text: 'one' });
    const second = socket.request('message:send', { roomId: 7, cid: 'b', text: 'two' });
    const [one, two] = last().sent;
    last().serve({ id: two?.id, type: 'error', data: { code: 'RATE_LIMITED', message: 'Slowly.', retryAfterMs: 900, cid: 'b' } });
    last().serve({ id: one?.id, type: 'message:confirmed', data: { cid: 'a', roomId: 7, id: 9, seq: 4, createdAt: '2026-11-23T10:00:00.000Z' } });
    await expect(first).resolves.toMatchObject({ cid: 'a', seq: 4 });
    await expect(second).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 900 });
    await expect(second).rejects.toBeInstanceOf(ApiError);
  });

  test('does not repeat a command that the server does not know', async () => {
    socket.open();
    last().serve(hello());
    socket.notify('typing:start', { roomId: 7 });
    last().serve({ id: last().sent[0]?.id, type: 'error', data: { code: 'BAD_REQUEST', message: 'There is no command.' } });
    await vi.advanceTimersByTimeAsync(0);
    socket.notify('typing:start', { roomId: 7 });
    socket.notify('read:mark', { roomId: 7, seq: 1 });
    expect(last().sent.map((sent) => sent.type)).toEqual(['typing:start', 'read:mark']);
  });

  test('rejects pending requests when the connection ends', async () => {
    socket.open();
    last().serve(hello());
    const asked = socket.request('room:changes', { roomId: 7, since: 1, epoch: 'e1' });
    last().end(1006);
    await expect(asked).rejects.toBeInstanceOf(NetworkError);
  });
});
