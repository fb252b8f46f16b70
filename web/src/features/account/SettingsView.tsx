import { type ReactNode, useEffect, useRef } from 'react';
import { useMe } from '../../hooks/useChatState';
import { useNarrow } from '../../hooks/useNarrow';
import { homeHref, settingsHref } from '../../hooks/useRoute';
import { Icon } from '../../ui/Icon';
import { Bots } from '../lazy';
import { AccountSettings } from './AccountSettings';
import { BlockedPeople } from './BlockedPeople';
import { NotificationsSetting } from './NotificationsSetting';
import { PreferencesForm } from './PreferencesForm';
import { ProfileForm } from './ProfileForm';
import { SessionList } from './SessionList';
import { StatusChoice } from './StatusChoice';
import styles from './SettingsView.module.css';

interface Section {
  /** The section in the address. */
  name: string;
  label: string;
  /** Guests do not have this section. */
  accountsOnly?: boolean;
  content: () => ReactNode;
}

const sections: readonly Section[] = [
  { name: 'profile', label: 'Profile', content: () => <><ProfileForm /><StatusChoice /></> },
  { name: 'account', label: 'Account', content: () => <AccountSettings /> },
  { name: 'sessions', label: 'Sessions', content: () => <SessionList /> },
  { name: 'notifications', label: 'Notifications', content: () => <NotificationsSetting /> },
  { name: 'preferences', label: 'Writing and reading', content: () => <PreferencesForm /> },
  { name: 'blocked', label: 'Blocked people', content: () => <BlockedPeople /> },
  { name: 'bots', label: 'Bots', accountsOnly: true, content: () => <BotSettings /> },
];

/** The settings of the user. A phone shows the list of sections or one section. Without a section, or with an unknown one, a wide window shows the first. */
export function SettingsView({ section: wanted }: { section: string | undefined }) {
  const { guest } = useMe();
  const narrow = useNarrow();
  const available = sections.filter(({ accountsOnly = false }) => !accountsOnly || !guest);
  const section = available.find(({ name }) => name === wanted) ?? (narrow ? undefined : available[0]);
  const page = useRef<HTMLElement>(null);
  const list = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(section);

  // On a phone the section takes the place of the list, and with it the focus.
  useEffect(() => {
    const before = shown.current;
    shown.current = section;
    if (before === section) return;
    page.current?.scrollTo(0, 0);
    if (!narrow) return;
    if (section !== undefined) heading.current?.focus();
    else list.current?.querySelector<HTMLElement>(`[href="${settingsHref(before?.name)}"]`)?.focus();
  }, [section, narrow]);

  return (
    <section ref={page} className={`page ${styles.page}`} aria-labelledby="settings-title">
      <header className="page-head">
        {narrow && (
          <a className="icon-button" href={section ? settingsHref() : homeHref} aria-label={section ? 'Back to the settings' : 'Back to your rooms'}>
            <Icon name="back" />
          </a>
        )}
        <h1 id="settings-title">Settings</h1>
      </header>
      <div className={styles.panes}>
        {!(narrow && section) && (
          <nav ref={list} className={styles.list} aria-label="Settings">
            <ul>
              {available.map(({ name, label }) => (
                <li key={name}>
                  <a href={settingsHref(name)} aria-current={name === section?.name ? 'page' : undefined}>
                    {label}
                    {narrow && <Icon name="go" size={16} />}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        {section && (
          <div className={styles.content}>
            <h2 ref={heading} tabIndex={-1}>
              {section.label}
            </h2>
            {section.content()}
          </div>
        )}
      </div>
    </section>
  );
}

function BotSettings() {
  return (
    <>
      <p className="dialog-text">A bot is a program with an account of its own. It joins rooms, and reads and writes messages.</p>
      <Bots />
    </>
  );
}
