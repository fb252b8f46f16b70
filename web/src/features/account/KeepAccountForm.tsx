import { type FormEvent } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { type Deed, useDeed } from '../../hooks/useDeed';
import { Field, FormError } from '../../ui/Field';

const fields = ['username', 'password', 'email'];

/** A guest stays: the same person, with a name and a password. */
export function KeepAccountForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [deed, run] = useDeed();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    void run(async () => {
      await chat.keepAccount({
        username: text('username'),
        password: String(form.get('password') ?? ''),
        displayName: me.displayName,
        ...(text('email') ? { email: text('email') } : {}),
      });
      chat.notices.say('Your account is kept. Next time, sign in with your name and password.');
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="keep-title">
      <h3 id="keep-title">Keep this account</h3>
      <p className="dialog-text">A guest account ends after 24 hours. With a name and a password it stays, and so does all you wrote.</p>
      <form onSubmit={submit}>
        {deed.kind === 'failed' && !inField(deed) && <FormError>{deed.reason}</FormError>}
        <Field
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          hint="3 to 20 letters, digits, dots, dashes or underscores."
          error={errorIn(deed, 'username')}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          hint="At least 8 characters."
          error={errorIn(deed, 'password')}
        />
        <Field label="Email" name="email" type="email" autoComplete="email" hint="Optional. Another way to sign in." error={errorIn(deed, 'email')} />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={!online || deed.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {deed.kind === 'busy' ? 'Keeping…' : 'Keep my account'}
          </button>
        </div>
      </form>
    </section>
  );
}

function fieldOf(deed: Deed): string | undefined {
  if (deed.kind !== 'failed') return undefined;
  if (deed.code === 'USERNAME_TAKEN') return 'username';
  if (deed.code === 'EMAIL_TAKEN') return 'email';
  return deed.field;
}

function inField(deed: Deed): boolean {
  return fields.includes(fieldOf(deed) ?? '');
}

function errorIn(deed: Deed, field: string): string | undefined {
  return deed.kind === 'failed' && fieldOf(deed) === field ? deed.reason : undefined;
}
