import { useState } from 'react';
import { useAccount } from '../../hooks/context';
import { useAction } from '../../hooks/useAction';
import { type SignInOptions, useSignInOptions } from '../../hooks/useSignInOptions';
import { maxDisplayName, minPassword } from '../../protocol/limits.generated';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { CardPage } from '../../ui/CardPage';
import { Skeleton } from '../../ui/EmptyState';
import { ThemeSwitch } from '../../ui/ThemeSwitch';
import { type SignInMode, SignInLinks } from './SignInLinks';
import styles from './SignIn.module.css';

const labels: Record<SignInMode, { title: string; lead: string; action: string; busy: string }> = {
  login: { title: 'Welcome back', lead: 'Sign in to continue.', action: 'Sign in', busy: 'Signing in…' },
  register: { title: 'Create your account', lead: 'A name and a password are all it takes.', action: 'Create account', busy: 'Creating…' },
  guest: { title: 'Join as a guest', lead: 'A guest account expires after 24 hours.', action: 'Continue as guest', busy: 'Opening…' },
};

const welcomeLead = 'A quiet place to talk. A name and a password are all it takes.';
const signIn = { title: 'Sign in', lead: 'Use your account on this server.' };

interface SignInProps {
  notice?: string | undefined;
  /** No user has signed in with this browser yet. */
  first?: boolean;
}

export function SignIn(props: SignInProps) {
  const options = useSignInOptions();
  return <CardPage controls={<ThemeSwitch />}>{options === undefined ? <Skeleton label="Loading" rows={4} /> : <SignInCard {...props} options={options} />}</CardPage>;
}

/** Shows only what is possible on the server. */
function SignInCard({ notice, first = false, options }: SignInProps & { options: SignInOptions }) {
  const canRegister = options.signup === 'open';
  const [mode, setMode] = useState<SignInMode>(first && canRegister ? 'register' : 'login');
  const { title, lead } = first ? firstTexts(mode, options.name) : labels[mode];
  return (
    <>
      <h1>{title}</h1>
      <p className={styles.lead}>{lead}</p>
      {notice && (
        <p className="form-notice" role="status">
          {notice}
        </p>
      )}
      <SignInForm key={mode} mode={mode} />
      <SignInLinks mode={mode} canRegister={canRegister} guests={options.guests} onChoose={setMode} />
    </>
  );
}

function firstTexts(mode: SignInMode, name: string) {
  if (mode === 'register') return { title: `Welcome to ${name}`, lead: welcomeLead };
  return mode === 'login' ? signIn : labels[mode];
}

function SignInForm({ mode }: { mode: SignInMode }) {
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
