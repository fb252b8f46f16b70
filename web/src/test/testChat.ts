import { RestClient } from '../transport/rest';
import { Chat } from '../state/chat';
import type { Tabs } from '../state/local/tabs';
import { UserStorage } from '../state/local/userStorage';
import { openLocalDatabase, type LocalDatabase, databaseName } from '../state/local/database';
import { FakeWebSocket, hello } from './fakeSocket';
import { alice, room } from './fixtures';
import { Store } from '../state/store';

/** The tabs of a browser with a single tab. */
const singleTab: Tabs = {
  broadcast: () => undefined,
  onMessage: () => undefined,
  withLock: (_, work) => work(),
  isFocused: async () => false,
  close: () => undefined,
};

export interface TestChat {
  chat: Chat;
  db: LocalDatabase;
  /** The opened connections, newest last. */
  sockets: Store<readonly FakeWebSocket[]>;
  /** The REST requests, such as "GET /rooms". */
  requests: string[];
  socket(): FakeWebSocket;
  /** Waits for the n-th command of a type on the newest connection. */
  command(type: string, n?: number): Promise<FakeWebSocket['sent'][number]>;
}

type RequestHandler = (method: string, path: string, body: unknown) => { status?: number; body: unknown };

let count = 0;
const running = new Set<Chat>();

/** Stops the chats of a test. */
export function stopTestChats(): void {
  for (const chat of running) chat.stop();
  running.clear();
}

/** Creates a chat of alice. The test plays the server. */
export async function createTestChat(handle: RequestHandler = () => ({ body: {} }), existing?: LocalDatabase): Promise<TestChat> {
  const sockets = new Store<readonly FakeWebSocket[]>([]);
  const requests: string[] = [];
  const db = existing ?? (await openLocalDatabase(`test-${++count}`));
  const respond = (method: string, url: string, sent: unknown) => {
    const path = url.replace('/api/v1', '');
    requests.push(`${method} ${path}`);
    const { status = 200, body } = handle(method, path, sent);
    return new Response(status === 204 ? null : JSON.stringify(body), { status });
  };
  const rest = new RestClient(
    async (input, init) => respond(init?.method ?? 'GET', String(input), typeof init?.body === 'string' ? JSON.parse(init.body) : undefined),
    async (url, form) => respond('POST', url, form),
  );
  const chat = new Chat({
    user: alice,
    rest,
    db,
    storage: new UserStorage(databaseName(alice)),
    tabs: singleTab,
    callbacks: { onSessionEnded: () => undefined, onConnectFailed: () => undefined, onOtherUser: () => undefined },
    socket: {
      url: 'ws://test/ws',
      random: () => 0,
      open: () => {
        const ws = new FakeWebSocket();
        sockets.update((all) => [...all, ws]);
        return ws as unknown as WebSocket;
      },
    },
  });
  running.add(chat);
  const socket = () => {
    const ws = sockets.getSnapshot().at(-1);
    if (ws === undefined) throw new Error('no connection was opened');
    return ws;
  };
  const command = (type: string, n = 1) => socket().waitForCommand((sent) => sent.filter((one) => one.type === type)[n - 1]);
  return { chat, db, sockets, requests, socket, command };
}

/** Creates a chat that is connected, with an empty room 7. */
export async function connectTestChat(handle?: RequestHandler): Promise<TestChat> {
  const testChat = await createTestChat(handle);
  await testChat.chat.start();
  testChat.socket().serve(helloWithRoom());
  const join = await testChat.command('room:join');
  testChat.socket().serve(joined(join.id));
  return testChat;
}

export function helloWithRoom(head = 0): object {
  return hello({ user: alice, rooms: [{ room: room(7, { name: 'general', head }), role: 'member', lastRead: 0, unread: 0, mentions: 0 }] });
}

export function joined(id: number, more: object = {}): object {
  return {
    id,
    type: 'room:joined',
    data: {
      room: room(7, { name: 'general' }),
      membership: { roomId: 7, userId: 1, role: 'member', joinedAt: '2026-11-01T10:00:00.000Z', lastRead: 0 },
      online: [1],
      messages: [],
      from: 0,
      to: 0,
      head: 0,
      epoch: 'e1',
      more: false,
      ...more,
    },
  };
}
