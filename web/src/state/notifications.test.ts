import { describe, expect, test } from 'vitest';
import { alice, bob, message, mine as own, room } from '../test/fixtures';
import { Notifications } from './notifications';
import { UserStorage } from './local/userStorage';
import type { MyRoom } from './room/myRoom';

const plain: MyRoom = { room: room(7, { name: 'general' }), role: 'member' };
const direct: MyRoom = { ...plain, room: room(8, { direct: true, with: [alice, bob] }) };
const fresh = () => new Notifications(new UserStorage('test'));

function called(alerts: Notifications, ...said: Parameters<Notifications['onMessage']>): string | undefined {
  alerts.onMessage(...said);
  const call = alerts.latest.getSnapshot();
  return call && `${call.title}: ${call.text}`;
}

describe('a notification', () => {
  test.each([
    ['one’s name', message(1, { text: 'tea,\n@alice?', mentions: [1] }), plain, 'Bob in general: tea, @alice?'],
    ['anything in a talk of two', message(1), direct, 'Bob: m1'],
    ['a file without words', message(1, { text: '', attachments: [{ id: 1, name: 'plan.pdf', size: 1, contentType: 'application/pdf', url: '' }] }), direct, 'Bob: plan.pdf'],
    ['not what is said to all', message(1), plain, undefined],
    ['not one’s own words', own(1, 'a'), direct, undefined],
    ['not who came', message(1, { kind: 'system' }), direct, undefined],
  ])('is %s', (_, said, where, words) => expect(called(fresh(), said, where, 1)).toBe(words));

  test('is not created for a muted room', () => {
    const alerts = fresh();
    alerts.setRoomMuted(8, true);
    expect(called(alerts, message(1), direct, 1)).toBeUndefined();
    alerts.setRoomMuted(8, false);
    expect(called(alerts, message(1), direct, 1)).toBe('Bob: m1');
  });
});

test('the setting is stored and shown in other tabs', () => {
  const alerts = fresh();
  alerts.setChoice('on');
  alerts.setRoomMuted(7, true);
  const next = fresh();
  expect([next.choice.getSnapshot(), [...next.mutedRooms.getSnapshot()]]).toEqual(['on', [7]]);
  next.onStorageChange('alerts', 'off');
  next.onStorageChange('quiet', undefined);
  expect([next.choice.getSnapshot(), next.mutedRooms.getSnapshot().size]).toEqual(['off', 0]);
  next.onStorageChange('alerts', 'perhaps');
  expect(next.choice.getSnapshot()).toBe('unasked');
});
