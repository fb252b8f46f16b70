import { Rest } from '../transport/rest';
import { Chat } from '../state/chat';
import type { Tabs } from '../state/local/tabs';
import { Kept } from '../state/local/userStorage';
import { openVault, type Vault, vaultName } from '../state/local/database';
import { FakeWebSocket, hello } from './fakeSocket';
import { alice, room } from './fixtures';
import { Store } from '../state/store';

/** A tab that is alone in its browser. */
const alone: Tabs = {
  tell: () => undefined,
  listen: () => undefined,
  alone: (_, work) => work(),
  lookedAt: async () => false,
  close: () => undefined,
};

export interface Rig {
  chat: Chat;
  vault: Vault;
  /** The connections that were opened, newest last. */
  sockets: Store<readonly FakeWebSocket[]>;
  /** What REST was asked, as "GET /rooms". */
  asked: string[];
  socket(): FakeWebSocket;
  /** Waits for the n-th command of a type on the newest connection. */
  command(type: string, n?: number): Promise<FakeWebSocket['sent'][number]>;
}

type Answer = (method: string, path: string, body: unknown) => { status?: number; body: unknown };

let rigs = 0;

/** A chat of alice against a server that the test plays. */
export async function rig(answer: Answer = () => ({ body: {} }), vault?: Vault): Promise<Rig> {
  const sockets = new Store<readonly FakeWebSocket[]>([]);
  const asked: string[] = [];
  const kept = vault ?? (await openVault(`rig-${++rigs}`));
  const respond = (method: string, url: string, sent: unknown) => {
    const path = url.replace('/api/v1', '');
    asked.push(`${method} ${path}`);
    const { status = 200, body } = answer(method, path, sent);
    return new Response(status === 204 ? null : JSON.stringify(body), { status });
  };
  const rest = new Rest(
    async (input, init) => respond(init?.method ?? 'GET', String(input), typeof init?.body === 'string' ? JSON.parse(init.body) : undefined),
    async (url, form) => respond('POST', url, form),
  );
  const chat = new Chat({
    user: alice,
    rest,
    vault: kept,
    kept: new Kept(vaultName(alice)),
    tabs: alone,
    hooks: { ended: () => undefined, refused: () => undefined, otherUser: () => undefined },
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
  const socket = () => {
    const ws = sockets.getSnapshot().at(-1);
    if (ws === undefined) throw new Error('no connection was opened');
    return ws;
  };
  const command = (type: string, n = 1) => socket().told((sent) => sent.filter((one) => one.type === type)[n - 1]);
  return { chat, vault: kept, sockets, asked, socket, command };
}

/** Connects with one room, number 7, that holds no message yet. */
export async function connectedRig(answer?: Answer): Promise<Rig> {
  const rigged = await rig(answer);
  await rigged.chat.start();
  rigged.socket().serve(helloWithRoom());
  const join = await rigged.command('room:join');
  rigged.socket().serve(joined(join.id));
  return rigged;
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
