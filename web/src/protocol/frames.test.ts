import { describe, expect, test } from 'vitest';
import { message } from '../test/fixtures';
import { decodeFrame, splitFrames } from './frames';
import { decodeMessage, decodeProblem } from './wire.generated';

describe('decodeFrame', () => {
  test('decodes a message event', () => {
    const frame = decodeFrame({ type: 'message:new', data: { roomId: 7, seq: 3, message: message(3) } });
    expect(frame).toEqual({ type: 'message:new', data: { roomId: 7, seq: 3, message: message(3) } });
  });

  test('keeps the id of a response', () => {
    expect(decodeFrame({ id: 5, type: 'ok', data: { seq: 9 } })).toEqual({ id: 5, type: 'ok', data: { seq: 9 } });
    expect(decodeFrame({ id: 5, type: 'ok' })).toEqual({ id: 5, type: 'ok', data: {} });
  });

  test('ignores unknown fields and types', () => {
    expect(decodeFrame({ type: 'room:removed', data: { roomId: 1, reason: 'left', mood: 'sad' } })).toEqual({
      type: 'room:removed',
      data: { roomId: 1, reason: 'left' },
    });
    expect(decodeFrame({ type: 'from:the:future', data: {} })).toBeUndefined();
    expect(decodeFrame({ type: 'constructor', data: {} })).toBeUndefined();
  });

  test('decodes an unknown error code as INTERNAL', () => {
    expect(decodeFrame({ type: 'error', data: { code: 'NEW_ONE', message: 'Hm.' } })).toMatchObject({ data: { code: 'INTERNAL' } });
  });

  test.each([
    ['no object', 17],
    ['no type', { data: {} }],
    ['seq as text', { type: 'message:new', data: { roomId: 7, seq: '3', message: message(3) } }],
    ['no message', { type: 'message:new', data: { roomId: 7, seq: 3 } }],
    ['list where an object belongs', { type: 'room:updated', data: [] }],
    ['unknown reason', { type: 'room:removed', data: { roomId: 1, reason: 'bored' } }],
  ])('rejects %s', (_, value) => {
    expect(() => decodeFrame(value)).toThrow('expected');
  });
});

test('treats null and a missing value the same', () => {
  const { editedAt, ...plain } = decodeMessage({ ...message(1), editedAt: null, reactions: null }, 'message');
  expect(editedAt).toBeUndefined();
  expect(plain).toEqual(message(1));
});

test('decodes a problem with its code', () => {
  const problem = { status: 409, title: 'Conflict', detail: 'That username is taken.', code: 'USERNAME_TAKEN' };
  expect(decodeProblem(problem, 'problem')).toEqual({ ...problem, errors: [] });
});

test('splits a message at line feeds', () => {
  expect(splitFrames('{"a":1}\n{"b":"x\\ny"}\n')).toEqual(['{"a":1}', '{"b":"x\\ny"}']);
});
