import { describe, expect, test } from 'vitest';
import { message } from '../test/fixtures';
import { decodeFrame, splitFrames } from './frames';
import { decodeMessage, decodeProblem } from './wire.generated';

describe('decodeFrame', () => {
  test('reads a message event', () => {
    const frame = decodeFrame({ type: 'message:new', data: { roomId: 7, seq: 3, message: message(3) } });
    expect(frame).toEqual({ type: 'message:new', data: { roomId: 7, seq: 3, message: message(3) } });
  });

  test('keeps the id of an answer', () => {
    expect(decodeFrame({ id: 5, type: 'ok', data: { seq: 9 } })).toEqual({ id: 5, type: 'ok', data: { seq: 9 } });
    expect(decodeFrame({ id: 5, type: 'ok' })).toEqual({ id: 5, type: 'ok', data: {} });
  });

  test('leaves behind what it does not know', () => {
    expect(decodeFrame({ type: 'room:removed', data: { roomId: 1, reason: 'left', mood: 'sad' } })).toEqual({
      type: 'room:removed',
      data: { roomId: 1, reason: 'left' },
    });
    expect(decodeFrame({ type: 'from:the:future', data: {} })).toBeUndefined();
    expect(decodeFrame({ type: 'constructor', data: {} })).toBeUndefined();
  });

  test('an unknown error code is the server’s own fault', () => {
    expect(decodeFrame({ type: 'error', data: { code: 'NEW_ONE', message: 'Hm.' } })).toMatchObject({ data: { code: 'INTERNAL' } });
  });

  test.each([
    ['no object', 17],
    ['no type', { data: {} }],
    ['seq as text', { type: 'message:new', data: { roomId: 7, seq: '3', message: message(3) } }],
    ['no message', { type: 'message:new', data: { roomId: 7, seq: 3 } }],
    ['list where an object belongs', { type: 'room:updated', data: [] }],
    ['unknown reason', { type: 'room:removed', data: { roomId: 1, reason: 'bored' } }],
  ])('refuses %s', (_, value) => {
    expect(() => decodeFrame(value)).toThrow('expected');
  });
});

test('null and missing are the same for what may be missing', () => {
  const { editedAt, ...plain } = decodeMessage({ ...message(1), editedAt: null, reactions: null }, 'message');
  expect(editedAt).toBeUndefined();
  expect(plain).toEqual(message(1));
});

test('a problem tells its code', () => {
  const problem = { status: 409, title: 'Conflict', detail: 'That username is taken.', code: 'USERNAME_TAKEN' };
  expect(decodeProblem(problem, 'problem')).toEqual({ ...problem, errors: [] });
});

test('a frame is split at line feeds', () => {
  expect(splitFrames('{"a":1}\n{"b":"x\\ny"}\n')).toEqual(['{"a":1}', '{"b":"x\\ny"}']);
});
