import { useMe, useOnline, useOwnStatus } from '../../hooks/useChatState';
import { Avatar, nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { ThemeSwitch } from '../../ui/ThemeSwitch';
import styles from './AccountBar.module.css';

export function Me({ onAccount, onSignOut }: { onAccount: () => void; onSignOut: () => void }) {
  const me = useMe();
  const status = useOwnStatus();
  const online = useOnline();
  return (
    <footer className={styles.bar}>
      <button type="button" className={styles.button} title="Your account" aria-haspopup="dialog" onClick={onAccount}>
        <Avatar person={me} status={online ? status : 'offline'} />
        <span className={styles.names}>
          <span className="sr-only">Your account: </span>
          <span className={styles.name} dir="auto">{nameOf(me)}</span>
          <span className={styles.username}>{me.guest ? 'Guest, for 24 hours' : `@${me.username}`}</span>
        </span>
      </button>
      <ThemeSwitch />
      <button type="button" className="icon-button" aria-label="Sign out" title="Sign out" onClick={onSignOut}>
        <Icon name="leave" />
      </button>
    </footer>
  );
}
