import { expect, test } from 'vitest';
import { message } from '../../test/fixtures';
import { membershipChanges } from './folds';

const told = (...steps: string[]) =>
  membershipChanges(
    steps.map((step, i) => {
      const [name = '', action = ''] = step.split(' ');
      return message(i, { kind: 'system', author: { id: name.codePointAt(0) ?? 0, username: name, displayName: '', avatarUrl: '' }, system: { action, userId: 0 } });
    }),
  ).map(({ people, others, change }) => [...people.map(({ username }) => username), ...(others ? [`+${others}`] : []), change].join(' '));

test.each([
  [['a join', 'b join', 'c join'], ['a b c joined']],
  [['a join', 'b join', 'c join', 'd join'], ['a b +2 joined']],
  [['a join', 'b leave', 'c join'], ['a c joined', 'b left']],
  [['a join', 'a leave', 'b leave', 'b join'], ['a joined and left', 'b left and joined again']],
  [['a join', 'a leave', 'a join'], ['a joined']],
])('%j is summarised as %j', (steps, summary) => {
  expect(told(...steps)).toEqual(summary);
});
