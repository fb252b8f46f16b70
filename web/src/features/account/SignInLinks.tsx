import styles from './SignIn.module.css';

export type SignInMode = 'login' | 'register' | 'guest';

interface SignInLinksProps {
  mode: SignInMode;
  canRegister: boolean;
  guests: boolean;
  onChoose: (mode: SignInMode) => void;
}

/** Links to the other ways to come in. */
export function SignInLinks({ mode, canRegister, guests, onChoose }: SignInLinksProps) {
  const register = mode === 'login' && canRegister;
  const guest = mode !== 'guest' && guests;
  if (mode === 'login' && !register && !guest) return null;
  return (
    <div className={styles.modes}>
      {register && (
        <p>
          New here?{' '}
          <button type="button" className="link" onClick={() => onChoose('register')}>
            Create an account
          </button>
        </p>
      )}
      {mode !== 'login' && (
        <p>
          Have an account?{' '}
          <button type="button" className="link" onClick={() => onChoose('login')}>
            Sign in
          </button>
        </p>
      )}
      {guest && (
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
