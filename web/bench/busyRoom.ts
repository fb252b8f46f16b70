import type { Member, Message, Room, User } from '../src/protocol/types';

const MEMBERS = 400;
const ROOMS = 60;
const HISTORY = 50;
/** The room that is displayed. */
export const ROOM_ID = 1;
export const ME = person(1);

const texts = [
  'Has anybody tried the new build?',
  'The third one fails here, with the message from yesterday. I will look at it after lunch, unless somebody is faster.',
  'Ship it 🚢',
  'See https://example.com/a/rather/long/address for the list.',
];

function person(id: number): User {
  return {
    id,
    username: `user${id}`,
    displayName: `User ${id}`,
    avatarUrl: '',
    guest: false,
    role: 'user',
    status: 'online',
    statusMessage: '',
    createdAt: '2026-11-01T10:00:00.000Z',
  };
}

function room(id: number, head: number): Room {
  return {
    id,
    name: `room ${id}`,
    description: 'A room for a measurement',
    private: false,
    hasPassword: false,
    ownerId: 2,
    memberCount: MEMBERS,
    onlineCount: MEMBERS,
    head,
    epoch: 'e1',
    createdAt: '2026-11-01T10:00:00.000Z',
    direct: false,
  };
}

function message(seq: number): Message {
  const { id, username, displayName, avatarUrl } = person(2 + (seq % (MEMBERS - 1)));
  const text = texts[seq % texts.length] ?? '';
  return {
    id: seq,
    roomId: ROOM_ID,
    seq,
    changeSeq: seq,
    cid: `cid-${seq}`,
    kind: 'text',
    author: { id, username, displayName, avatarUrl },
    text,
    html: `<p>${text}</p>`,
    mentions: seq % 50 === 0 ? [ME.id] : [],
    attachments: [],
    reactions: seq % 9 === 0 ? [{ emoji: '👍', count: 2, me: false, userIds: [3, 4] }] : [],
    createdAt: new Date().toISOString(),
  };
}

/**
 * BusyRoom is a server inside the page: a WebSocket and a fetch. It answers what the
 * client asks when it connects, and sends the messages of many users at a chosen rate.
 */
export class BusyRoom implements Pick<WebSocket, 'readyState' | 'send' | 'close' | 'onmessage' | 'onclose'> {
  readonly readyState = WebSocket.OPEN;
  onmessage: WebSocket['onmessage'] = null;
  onclose: WebSocket['onclose'] = null;
  #head = HISTORY;
  #timer: ReturnType<typeof setInterval> | undefined;

  connect(): WebSocket {
    const rooms = Array.from({ length: ROOMS }, (_, i) => ({
      room: room(i + 1, i === 0 ? this.#head : 0),
      role: 'member',
      lastRead: i === 0 ? this.#head : 0,
      unread: 0,
      mentions: 0,
    }));
    setTimeout(() => this.#emit({ type: 'connected', data: { user: ME, sessionId: 1, node: 'n1', epoch: 'e1', rooms, pingMs: 60_000 } }));
    return this as unknown as WebSocket;
  }

  /** Sends so many events per second: new messages, and for every tenth a reaction and a change of presence. */
  setRate(perSecond: number): void {
    clearInterval(this.#timer);
    if (perSecond > 0) this.#timer = setInterval(() => this.#emitNext(), 1_000 / perSecond);
  }

  send(text: string): void {
    const { id, type, data } = JSON.parse(text) as { id: number; type: string; data: { roomId?: number } };
    setTimeout(() => this.#emit(type === 'room:join' ? { id, type: 'room:joined', data: this.#joined(data.roomId ?? 0) } : { id, type: 'ok', data: {} }));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  readonly fetch: typeof fetch = async (input) => {
    const members: Member[] = Array.from({ length: 100 }, (_, i) => ({
      user: person(i + 1),
      role: 'member',
      status: 'online',
      joinedAt: '2026-11-01T10:00:00.000Z',
    }));
    return Response.json(String(input).includes('/members') ? { members } : { messages: [], head: this.#head, hasMore: false });
  };

  #joined(roomId: number): object {
    const messages = roomId === ROOM_ID ? Array.from({ length: this.#head }, (_, i) => message(i + 1)) : [];
    const head = messages.length;
    return {
      room: room(roomId, head),
      membership: { roomId, userId: ME.id, role: 'member', joinedAt: ME.createdAt, lastRead: head },
      online: Array.from({ length: MEMBERS }, (_, i) => i + 1),
      messages,
      from: 0,
      to: head,
      head,
      epoch: 'e1',
      more: false,
    };
  }

  #emitNext(): void {
    const seq = ++this.#head;
    this.#emit({ type: 'message:new', data: { roomId: ROOM_ID, seq, message: message(seq) } });
    if (seq % 10 > 0) return;
    const changeSeq = ++this.#head;
    const reacted = { ...message(seq), changeSeq, reactions: [{ emoji: '🎉', count: 1, me: false, userIds: [5] }] };
    this.#emit({ type: 'message:reaction', data: { roomId: ROOM_ID, seq: changeSeq, message: reacted } });
    this.#emit({ type: 'presence:update', data: { roomId: ROOM_ID, users: [{ userId: seq % MEMBERS, status: seq % 20 === 0 ? 'away' : 'online' }] } });
  }

  #emit(frame: object): void {
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent('message', { data: JSON.stringify(frame) }));
  }
}
