import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { minPassword } from '../../protocol/limits.generated';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';

export function PasswordForm() {
  const chat = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  const [changed, setChanged] = useState(false);

  function submit(data: FormData, form: HTMLFormElement) {
    setChanged(false);
    void run(async () => {
      await chat.profile.changePassword(String(data.get('current') ?? ''), String(data.get('password') ?? ''));
      form.reset();
      setChanged(true);
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="password-title">
      <h3 id="password-title">Password</h3>
      <Form action={action} onSubmit={submit}>
        {changed && (
          <p className="form-notice" role="status">
            Your password is changed. You are signed out everywhere else.
          </p>
        )}
        <Field label="Current password" name="current" type="password" autoComplete="current-password" required />
        <Field
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={minPassword}
          hint="At least 8 characters. Your other sessions end."
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Changing…' : 'Change password'}
          </button>
        </div>
      </Form>
    </section>
  );
}
