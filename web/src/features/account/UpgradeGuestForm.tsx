import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { minPassword } from '../../protocol/limits.generated';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';

/** Turns a guest into a user with a username and a password. */
export function UpgradeGuestForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();

  function submit(data: FormData) {
    const text = (name: string) => String(data.get(name) ?? '').trim();
    void run(async () => {
      await chat.profile.upgradeGuest({
        username: text('username'),
        password: String(data.get('password') ?? ''),
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
      <Form action={action} onSubmit={submit}>
        <Field
          label="Username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          hint="3 to 20 letters, digits, dots, dashes or underscores."
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={minPassword}
          hint="At least 8 characters."
        />
        <Field label="Email" name="email" type="email" autoComplete="email" hint="Optional. Another way to sign in." />
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Saving…' : 'Keep my account'}
          </button>
        </div>
      </Form>
    </section>
  );
}
