import { useEffect } from 'react';
import { AccountContext, ChatContext } from '../hooks/context';
import { useInvite } from '../hooks/useRoute';
import { useStore } from '../hooks/useStore';
import type { Account } from '../state/account';
import { EmptyState } from '../ui/EmptyState';
import { Logo } from '../ui/Icon';
import { InvitePage, SignIn } from '../features/lazy';
import { useVisibleViewport } from '../hooks/useVisibleViewport';
import { Shell } from './Shell';
import styles from './App.module.css';

export function App({ account }: { account: Account }) {
  useVisibleViewport();
  return (
    <AccountContext value={account}>
      <Screen account={account} />
    </AccountContext>
  );
}

function Screen({ account }: { account: Account }) {
  const state = useStore(account.state);
  const invite = useInvite();
  // Without a remembered user the sign-in is next.
  useEffect(() => {
    if (!account.remembers) void SignIn.preload().catch(() => undefined);
  }, [account]);
  switch (state.kind) {
    case 'checking':
      return (
        <main className={styles.splash} aria-label="Chillin is starting">
          <h1 className="sr-only">Chillin</h1>
          <Logo size={44} />
        </main>
      );
    case 'unreachable':
      return (
        <main className={styles.splash}>
          <EmptyState page icon="alert" title="The server cannot be reached" action={{ label: 'Try again', run: () => void account.check() }}>
            Your connection may be down, or the server may be stopped.
          </EmptyState>
        </main>
      );
    case 'signed-out':
      return <SignIn notice={state.notice ?? (invite && 'You are invited to a room. Sign in to see it.')} first={state.first} />;
    case 'signed-in':
      return (
        <ChatContext value={state.chat}>
          {invite === undefined ? <Shell /> : <InvitePage token={invite} />}
        </ChatContext>
      );
  }
}
