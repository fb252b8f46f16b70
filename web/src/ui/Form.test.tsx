import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { useAction } from '../hooks/useAction';
import { ApiError } from '../transport/errors';
import { Field, Select } from './Field';
import { Form } from './Form';

interface TestFormProps {
  /** The errors of one submission each; undefined accepts it. */
  answers: (Error | undefined)[];
  sent: Record<string, unknown>[];
}

function TestForm({ answers, sent }: TestFormProps) {
  const [action, run] = useAction();
  return (
    <Form
      action={action}
      onSubmit={(data) =>
        void run(async () => {
          sent.push(Object.fromEntries(data));
          const answer = answers.shift();
          if (answer !== undefined) throw answer;
        })
      }
    >
      <Field label="Username" name="username" required hint="3 to 20 letters." />
      <Field label="Password" name="password" type="password" required minLength={8} />
      <Field label="Email" name="email" type="email" />
      <Field label="URL" name="url" type="url" />
      <Select label="For" name="uses" options={[['', 'any number']]} defaultValue="" />
      <button type="submit">Send</button>
    </Form>
  );
}

function show(...answers: (Error | undefined)[]) {
  const sent: Record<string, unknown>[] = [];
  render(<TestForm answers={answers} sent={sent} />);
  const user = userEvent.setup();
  const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label);
  /** The text that describes a field. */
  const note = (label: string) => document.getElementById(field(label).getAttribute('aria-describedby') ?? '')?.textContent;
  const send = () => user.click(screen.getByRole('button', { name: 'Send' }));
  return { sent, user, field, note, send };
}

test('reports every wrong field at the field, sends nothing and focuses the first one', async () => {
  const { sent, user, field, note, send } = show();
  await user.type(field('Username'), '   ');
  await user.type(field('Email'), 'ada');
  await user.type(field('URL'), 'ftp://example.org');
  await send();
  expect(note('Username')).toBe('Enter the username.');
  expect(note('Password')).toBe('Enter the password.');
  expect(note('Email')).toBe('Enter an email address, such as name@example.org.');
  expect(note('URL')).toBe('Enter a URL that starts with https:// or http://.');
  expect(field('Username').getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(field('Username'));
  expect(sent).toEqual([]);
});

test.each([
  ['too short in characters, not in units', '🔑🔑🔑🔑', 'Use at least 8 characters.'],
  ['long enough', '🔑🔑🔑🔑🔑🔑🔑🔑', undefined],
  ['of spaces', '        ', undefined],
])('a password that is %s', async (_, password, error) => {
  const { sent, user, field, note, send } = show();
  await user.type(field('Username'), 'ada');
  await user.type(field('Password'), password);
  await send();
  expect([note('Password'), sent.length]).toEqual([error, error === undefined ? 1 : 0]);
});

test('an error stays until its field changes; then the hint is back', async () => {
  const { user, field, note, send } = show();
  await send();
  await user.type(field('Password'), 'x');
  expect([note('Username'), note('Password')]).toEqual(['Enter the username.', undefined]);
  await user.type(field('Username'), 'a');
  expect([note('Username'), field('Username').getAttribute('aria-invalid')]).toEqual(['3 to 20 letters.', null]);
});

test('shows each error of the server at its field, and the rest above the form', async () => {
  const fields = [
    { field: 'email', message: 'That email address is taken.' },
    { field: 'username', message: 'That username is taken.' },
    { field: 'uses', message: 'Choose another number.' },
  ];
  const { user, field, note, send } = show(
    new ApiError('BAD_REQUEST', 'Two fields are wrong.', { fields }),
    new ApiError('BAD_REQUEST', 'One field is missing here.', { fields: [{ field: 'captcha', message: 'One field is missing here.' }] }),
    new ApiError('USERNAME_TAKEN', 'That username is taken.'),
  );
  await user.type(field('Username'), 'ada');
  await user.type(field('Password'), 'long enough');
  await send();
  await waitFor(() => expect(note('Email')).toBe('That email address is taken.'));
  expect([note('Username'), note('For')]).toEqual(['That username is taken.', 'Choose another number.']);
  expect(document.activeElement).toBe(field('Username'));
  expect(screen.queryByText('Two fields are wrong.')).toBeNull();

  await user.type(field('Username'), '1');
  await send();
  expect((await screen.findByText('One field is missing here.')).getAttribute('role')).toBe('alert');
  expect([note('Username'), note('Email')]).toEqual(['3 to 20 letters.', undefined]);

  // An error whose code names the field.
  await send();
  await waitFor(() => expect(note('Username')).toBe('That username is taken.'));
  expect(screen.queryByText('One field is missing here.')).toBeNull();
});

test('a password can be shown, and is hidden when the form is sent', async () => {
  const { user, field, send } = show();
  const toggle = screen.getByRole('button', { name: 'Show password' });
  expect([field('Password').type, toggle.getAttribute('aria-pressed')]).toEqual(['password', 'false']);
  await user.type(field('Password'), 'secret');
  await user.click(toggle);
  expect([field('Password').type, field('Password').value, toggle.getAttribute('aria-pressed')]).toEqual(['text', 'secret', 'true']);
  expect(document.activeElement).toBe(field('Password'));
  await send();
  expect([field('Password').type, toggle.getAttribute('aria-pressed')]).toEqual(['password', 'false']);
});
