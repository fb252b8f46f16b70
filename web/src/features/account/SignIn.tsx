import { useState } from 'react';
import { useAccount } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { maxDisplayName, minPassword } from '../../protocol/limits.generated';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { CardPage } from '../../ui/CardPage';
import { ThemeSwitch } from '../../ui/ThemeSwitch';
import styles from './SignIn.module.css';

type Mode = 'login' | 'register' | 'guest';

const labels: Record<Mode, { title: string; lead: string; action: string; busy: string }> = {
  login: { title: 'Welcome back', lead: 'Sign in to continue.', action: 'Sign in', busy: 'Signing in…' },
  register: { title: 'Create your account', lead: 'A name and a password are all it takes.', action: 'Create account', busy: 'Creating…' },
  guest: { title: 'Join as a guest', lead: 'A guest account expires after 24 hours.', action: 'Continue as guest', busy: 'Opening…' },
};

const welcome = { title: 'Welcome to Chillin', lead: 'A quiet place to talk. A name and a password are all it takes.' };
const signIn = { title: 'Sign in', lead: 'Use your account on this server.' };

/** first: no user has signed in with this browser yet. */
export function SignIn({ notice, first = false }: { notice?: string | undefined; first?: boolean }) {
  const [mode, setMode] = useState<Mode>(first ? 'register' : 'login');
  const { title, lead } = first && mode === 'register' ? welcome : first && mode === 'login' ? signIn : labels[mode];
  return (
    <CardPage controls={<ThemeSwitch />}>
      <h1>{title}</h1>
      <p className={styles.lead}>{lead}</p>
      {notice && (
        <p className="form-notice" role="status">
          {notice}
        </p>
      )}
      <SignInForm key={mode} mode={mode} />
      <ModeLinks mode={mode} onChoose={setMode} />
    </CardPage>
  );
}

function SignInForm({ mode }: { mode: Mode }) {
  const account = useAccount();
  const [action, run] = useAction();

  function submit(data: FormData) {
    const text = (name: string) => String(data.get(name) ?? '');
    const username = text('username').trim();
    const displayName = text('displayName').trim();
    void run(() => {
      if (mode === 'login') return account.login(username, text('password'));
      if (mode === 'register') return account.register(username, text('password'), displayName);
      return account.createGuest(displayName);
    });
  }

  return (
    <Form action={action} onSubmit={submit}>
      {mode !== 'guest' && (
        <>
          <Field
            label={mode === 'login' ? 'Username or email' : 'Username'}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
            hint={mode === 'register' ? '3 to 20 letters, digits, dots, dashes or underscores.' : undefined}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete={mode === 'login' ? 'current-password' : 'new-password'}
            required
            minLength={mode === 'register' ? minPassword : undefined}
            hint={mode === 'register' ? 'At least 8 characters.' : undefined}
          />
        </>
      )}
      {mode !== 'login' && (
        <Field
          label="Display name"
          name="displayName"
          autoComplete="nickname"
          maxLength={maxDisplayName}
          autoFocus={mode === 'guest'}
          hint="Optional. What others see."
        />
      )}
      <button type="submit" className="button primary wide" disabled={action.kind === 'busy'}>
        {action.kind === 'busy' ? labels[mode].busy : labels[mode].action}
      </button>
    </Form>
  );
}

function ModeLinks({ mode, onChoose }: { mode: Mode; onChoose: (mode: Mode) => void }) {
  return (
    <div className={styles.modes}>
      {mode === 'login' ? (
        <p>
          New here?{' '}
          <button type="button" className="link" onClick={() => onChoose('register')}>
            Create an account
          </button>
        </p>
      ) : (
        <p>
          Have an account?{' '}
          <button type="button" className="link" onClick={() => onChoose('login')}>
            Sign in
          </button>
        </p>
      )}
      {mode !== 'guest' && (
        <p>
          Just looking?{' '}
          <button type="button" className="link" onClick={() => onChoose('guest')}>
            Continue as a guest
          </button>
        </p>
      )}
    </div>
  );
}
