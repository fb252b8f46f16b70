import { describe, expect, test } from 'vitest';
import type { RoomChanges, Message } from '../../protocol/types';
import { message, mine } from '../../test/fixtures';
import { applyEvent, emptyTimeline, hasGap, memberChangeSince, type Outgoing, type Timeline, type TimelineEvent } from './timeline';

const ME = 1;

const opened = (messages: Message[], to: number): TimelineEvent => ({ type: 'opened', messages, to, epoch: 'e1' });
const changed = (m: Message): TimelineEvent => ({ type: 'changed', seq: m.changeSeq, message: m });
const caughtUp = (from: number, to: number, messages: Message[], more: Partial<RoomChanges> = {}): TimelineEvent => ({
  type: 'caught-up',
  changes: { messages, from, to, head: to, epoch: 'e1', more: false, reset: false, ...more },
});
const pending = (cid: string): Outgoing => ({ kind: 'pending', cid, text: cid, createdAt: '2026-11-23T10:00:00.000Z' });
const queued = (...outgoing: Outgoing[]): TimelineEvent => ({ type: 'queued', outgoing });
const confirmed = (cid: string, seq: number): TimelineEvent => ({
  type: 'confirmed',
  confirmed: { cid, roomId: 7, id: 1000 + seq, seq, createdAt: '2026-11-23T10:00:00.000Z' },
});

function run(...events: TimelineEvent[]): Timeline {
  return events.reduce(applyEvent, emptyTimeline(ME));
}

interface Shown {
  cursor: number | undefined;
  texts: string[];
  outgoing: string[];
  hole: boolean;
}

function shown(t: Timeline): Shown {
  return {
    cursor: t.cursor.kind === 'at' ? t.cursor.seq : undefined,
    texts: t.messages.map((m) => m.text),
    outgoing: t.outgoing.map((one) => `${one.kind} ${one.cid}`),
    hole: hasGap(t),
  };
}

const edited = (seq: number, changeSeq: number) => message(seq, { changeSeq, text: `m${seq}, edited` });

const cases: { name: string; events: TimelineEvent[]; want: Partial<Shown> }[] = [
  { name: 'the next change is applied', events: [opened([message(1)], 1), changed(message(2))], want: { cursor: 2, texts: ['m1', 'm2'] } },
  { name: 'a known change is dropped', events: [opened([edited(1, 2)], 2), changed(message(1))], want: { cursor: 2, texts: ['m1, edited'] } },
  {
    name: 'a change behind a hole is held, and not shown',
    events: [opened([message(1)], 1), changed(message(3))],
    want: { cursor: 1, texts: ['m1'], hole: true },
  },
  {
    name: 'a late change fills the hole',
    events: [opened([message(1)], 1), changed(message(4)), changed(message(3)), changed(message(2))],
    want: { cursor: 4, texts: ['m1', 'm2', 'm3', 'm4'], hole: false },
  },
  {
    name: 'catching up fills the hole, and what was held follows',
    events: [opened([message(1)], 1), changed(message(4)), caughtUp(1, 3, [message(2), message(3)])],
    want: { cursor: 4, texts: ['m1', 'm2', 'm3', 'm4'], hole: false },
  },
  {
    name: 'catching up past the held change drops it',
    events: [opened([message(1)], 1), changed(message(3)), caughtUp(1, 4, [message(2), message(3), message(4)])],
    want: { cursor: 4, texts: ['m1', 'm2', 'm3', 'm4'], hole: false },
  },
  {
    name: 'an answer that begins behind the cursor is not for us',
    events: [opened([message(1)], 1), caughtUp(5, 6, [message(6)])],
    want: { cursor: 1, texts: ['m1'] },
  },
  {
    name: 'an answer of another epoch is not for us',
    events: [opened([message(1)], 1), caughtUp(1, 2, [message(2)], { epoch: 'e2' })],
    want: { cursor: 1, texts: ['m1'] },
  },
  {
    name: 'catching up may move the cursor without a message',
    events: [opened([message(1)], 1), caughtUp(1, 9, [])],
    want: { cursor: 9, texts: ['m1'] },
  },
  { name: 'an edit replaces its message', events: [opened([message(1), message(2)], 2), changed(edited(1, 3))], want: { cursor: 3, texts: ['m1, edited', 'm2'] } },
  {
    name: 'an edit of a message that is not loaded only moves the cursor',
    events: [opened([message(5), message(6)], 6), changed(edited(2, 7))],
    want: { cursor: 7, texts: ['m5', 'm6'] },
  },
  {
    name: 'an older state never replaces a newer one',
    events: [opened([edited(1, 5)], 3), changed(message(1, { changeSeq: 4 }))],
    want: { cursor: 4, texts: ['m1, edited'] },
  },
  {
    name: 'changes before the first page wait for it',
    events: [changed(message(3)), changed(message(2)), opened([message(1)], 1)],
    want: { cursor: 3, texts: ['m1', 'm2', 'm3'] },
  },
  {
    name: 'older messages come before, once',
    events: [opened([message(3), message(4)], 4), { type: 'older', messages: [message(1), message(2), message(3)], hasMore: false }],
    want: { cursor: 4, texts: ['m1', 'm2', 'm3', 'm4'] },
  },
  {
    name: 'a reset forgets the messages and keeps what is unsent',
    events: [queued(pending('a')), opened([message(1)], 1), { type: 'reset' }],
    want: { cursor: undefined, texts: [], outgoing: ['pending a'] },
  },
  {
    name: 'what waited behind a hole goes with its connection',
    events: [opened([message(1)], 1), changed(message(3)), { type: 'interrupted' }],
    want: { cursor: 1, texts: ['m1'], hole: false },
  },
  {
    name: 'after a reset the room begins anew',
    events: [opened([message(8)], 8), { type: 'reset' }, opened([message(2)], 2)],
    want: { cursor: 2, texts: ['m2'] },
  },
  {
    name: 'the event of a send takes the place of its pending twin',
    events: [opened([], 0), queued(pending('a'), pending('b')), changed(mine(1, 'a'))],
    want: { texts: ['m1'], outgoing: ['pending b'] },
  },
  {
    name: "another's cid is no twin",
    events: [opened([], 0), queued(pending('cid-1')), changed(message(1))],
    want: { texts: ['m1'], outgoing: ['pending cid-1'] },
  },
  {
    name: 'a confirmation before its event leaves the message in sight',
    events: [opened([], 0), queued(pending('a')), confirmed('a', 1), queued()],
    want: { texts: [], outgoing: ['confirmed a'] },
  },
  {
    name: 'the event after its confirmation leaves one message',
    events: [opened([], 0), queued(pending('a')), confirmed('a', 1), queued(), changed(mine(1, 'a'))],
    want: { texts: ['m1'], outgoing: [] },
  },
  {
    name: 'the event before its confirmation leaves one message',
    events: [opened([], 0), queued(pending('a')), changed(mine(1, 'a')), confirmed('a', 1), queued(pending('a'))],
    want: { texts: ['m1'], outgoing: [] },
  },
  {
    name: 'a confirmation of what was passed long ago leaves nothing behind',
    events: [opened([message(50)], 50), queued(pending('a')), confirmed('a', 3), queued()],
    want: { texts: ['m50'], outgoing: [] },
  },
];

describe('applyEvent', () => {
  test.each(cases)('$name', ({ events, want }) => {
    expect(shown(run(...events))).toMatchObject(want);
  });

  test('does not change its input', () => {
    const before = run(opened([message(1)], 1));
    const copy = structuredClone(before);
    applyEvent(before, changed(message(2)));
    expect(before).toEqual(copy);
  });

  test('gives the same messages for any order of arrival', () => {
    const all = [1, 2, 3, 4, 5].map((seq) => changed(message(seq)));
    for (const shift of [0, 1, 2, 3, 4]) {
      const order = [...all.slice(shift), ...all.slice(0, shift)].toReversed();
      expect(shown(run(opened([], 0), ...order)).texts).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    }
  });
});

test('memberChangeSince counts joins and leaves after a number', () => {
  const told = (seq: number, action: string) => message(seq, { kind: 'system', system: { action, userId: seq } });
  const t = run(opened([told(1, 'join'), told(2, 'join'), message(3), told(4, 'leave'), told(5, 'join'), told(6, 'kick')], 6));
  expect(memberChangeSince(t, 0)).toBe(1);
  expect(memberChangeSince(t, 2)).toBe(-1);
  expect(memberChangeSince(t, 6)).toBe(0);
});
