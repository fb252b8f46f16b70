import { expect, test } from 'vitest';
import type { Setting } from '../../protocol/types';
import { byArea, formatSettings, parseSettings, wordOf } from './settings';

const base = { area: 'Limits', label: 'A label', description: 'A text.', default: '10', source: 'default', changedBy: 'admin' } as const;
const rooms: Setting = { ...base, name: 'ROOMS', type: 'number', value: '3', environment: '7', source: 'admin', minimum: 1, maximum: 20 };
const size: Setting = { ...base, name: 'SIZE', type: 'size', value: '10', minimum: 1, maximum: 1024 };
const signUp: Setting = { ...base, area: 'Access', name: 'SIGNUP', type: 'choice', value: 'open', default: 'open', choices: ['open', 'closed'] };
const guests: Setting = { ...base, area: 'Access', name: 'GUESTS', type: 'boolean', value: 'false', default: 'true', source: 'admin' };
const title: Setting = { ...base, area: 'Access', name: 'NAME', type: 'text', value: 'Chillin', default: 'Chillin', maximum: 60 };
const settings = [rooms, size, signUp, guests, title];

test('displays the values that admins have set, and of a list only those', () => {
  expect(formatSettings(settings)).toEqual({ ROOMS: '3', SIZE: '10', SIGNUP: '', GUESTS: 'false', NAME: 'Chillin' });
  expect([wordOf(signUp, 'closed'), wordOf(guests, 'true'), wordOf(guests, 'false')]).toEqual(['Closed', 'On', 'Off']);
  expect(byArea(settings).map(([area, group]) => [area, group.length])).toEqual([['Limits', 2], ['Access', 3]]);
});

test.each([
  ['nothing', {}, {}],
  ['a number', { ROOMS: '5' }, { ROOMS: '5' }],
  ['part of a unit', { SIZE: '0.5' }, { SIZE: '0.5' }],
  ['the value of the environment', { ROOMS: ' 7 ' }, { ROOMS: '' }],
  ['an empty field', { ROOMS: ' ' }, { ROOMS: '' }],
  ['an empty field where nothing was set', { SIZE: '', NAME: '' }, {}],
  ['a choice, also of the value in force', { SIGNUP: 'open' }, { SIGNUP: 'open' }],
  ['no choice any more', { GUESTS: '' }, { GUESTS: '' }],
  ['the other choice', { GUESTS: 'true' }, { GUESTS: 'true' }],
  ['a text', { NAME: ' Our chat ' }, { NAME: 'Our chat' }],
])('sends %s', (_, texts, values) => {
  expect(parseSettings({ ...formatSettings(settings), ...texts }, settings)).toEqual({ values, errors: {} });
});

test.each([
  ['ROOMS', '0'],
  ['ROOMS', '1.5'],
  ['ROOMS', '-3'],
  ['ROOMS', 'many'],
  ['SIZE', '0'],
  ['SIZE', '-1'],
  ['SIZE', 'much'],
])('%s rejects %s', (name, text) => {
  const { values, errors } = parseSettings({ ...formatSettings(settings), [name]: text }, settings);
  expect(values).toEqual({});
  expect(Object.keys(errors)).toEqual([`values.${name}`]);
});
