import type { Author, Message, Room, User } from '../protocol/types';

export const alice = user(1, 'alice', 'Alice');
export const bob = user(2, 'bob', 'Bob');

export function user(id: number, username: string, displayName = username): User {
  return {
    id,
    username,
    displayName,
    avatarUrl: '',
    guest: false,
    role: 'user',
    status: 'online',
    statusMessage: '',
    createdAt: '2026-11-01T10:00:00.000Z',
  };
}

/** Returns a user as the author of messages. */
export function author({ id, username, displayName, avatarUrl }: User): Author {
  return { id, username, displayName, avatarUrl };
}

export function room(id: number, more: Partial<Room> = {}): Room {
  return {
    id,
    name: `room-${id}`,
    description: '',
    private: false,
    hasPassword: false,
    ownerId: 1,
    memberCount: 2,
    onlineCount: 1,
    head: 0,
    epoch: 'e1',
    createdAt: '2026-11-01T10:00:00.000Z',
    direct: false,
    ...more,
  };
}

/** Returns a message of bob with a number. Its text is "m" and the number. */
export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    id: 1000 + seq,
    roomId: 7,
    seq,
    changeSeq: seq,
    cid: `cid-${seq}`,
    kind: 'text',
    author: { id: bob.id, username: bob.username, displayName: bob.displayName, avatarUrl: '' },
    text: `m${seq}`,
    html: `<p>m${seq}</p>`,
    mentions: [],
    attachments: [],
    reactions: [],
    createdAt: `2026-11-23T10:00:${String(seq % 60).padStart(2, '0')}.000Z`,
    ...more,
  };
}

export function mine(seq: number, cid: string): Message {
  return message(seq, { cid, author: { id: alice.id, username: alice.username, displayName: alice.displayName, avatarUrl: '' } });
}
