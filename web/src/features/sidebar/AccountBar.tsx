import { useMe, useOnline, useOwnStatus } from '../../hooks/useChatState';
import { settingsHref } from '../../hooks/useRoute';
import { Avatar, nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { ThemeSwitch } from '../../ui/ThemeSwitch';
import styles from './AccountBar.module.css';

/** current: whether the settings are displayed. */
export function Me({ current, onSignOut }: { current: boolean; onSignOut: () => void }) {
  const me = useMe();
  const status = useOwnStatus();
  const online = useOnline();
  return (
    <footer className={styles.bar}>
      <a className={styles.button} title="Settings" href={settingsHref()} aria-current={current ? 'page' : undefined}>
        <Avatar person={me} status={online ? status : 'offline'} />
        <span className={styles.names}>
          <span className="sr-only">Your account and settings: </span>
          <span className={styles.name} dir="auto">{nameOf(me)}</span>
          <span className={styles.username}>{me.guest ? 'Guest, for 24 hours' : `@${me.username}`}</span>
        </span>
      </a>
      <ThemeSwitch />
      <button type="button" className="icon-button" aria-label="Sign out" title="Sign out" onClick={onSignOut}>
        <Icon name="signOut" />
      </button>
    </footer>
  );
}
