import { type FormEvent } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { type ActionState, useAction } from '../../hooks/useAction';
import { minPassword } from '../../protocol/limits.generated';
import { Field, FormError } from '../../ui/Field';

const fields = ['username', 'password', 'email'];

/** Turns a guest into a user with a username and a password. */
export function UpgradeGuestForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    void run(async () => {
      await chat.profile.upgradeGuest({
        username: text('username'),
        password: String(form.get('password') ?? ''),
        displayName: me.displayName,
        ...(text('email') ? { email: text('email') } : {}),
      });
      chat.notices.show('Your account is saved. Next time, sign in with your username and password.');
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="keep-title">
      <h3 id="keep-title">Keep this account</h3>
      <p className="dialog-text">A guest account expires after 24 hours. With a username and a password you keep it and your messages.</p>
      <form onSubmit={submit}>
        {action.kind === 'failed' && !inField(action) && <FormError>{action.reason}</FormError>}
        <Field
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          hint="3 to 20 letters, digits, dots, dashes or underscores."
          error={errorIn(action, 'username')}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={minPassword}
          hint="At least 8 characters."
          error={errorIn(action, 'password')}
        />
        <Field label="Email" name="email" type="email" autoComplete="email" hint="Optional. Another way to sign in." error={errorIn(action, 'email')} />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Saving…' : 'Keep my account'}
          </button>
        </div>
      </form>
    </section>
  );
}

function fieldOf(action: ActionState): string | undefined {
  if (action.kind !== 'failed') return undefined;
  if (action.code === 'USERNAME_TAKEN') return 'username';
  if (action.code === 'EMAIL_TAKEN') return 'email';
  return action.field;
}

function inField(action: ActionState): boolean {
  return fields.includes(fieldOf(action) ?? '');
}

function errorIn(action: ActionState, field: string): string | undefined {
  return action.kind === 'failed' && fieldOf(action) === field ? action.reason : undefined;
}
