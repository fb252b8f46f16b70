import { useEffect, useRef } from 'react';
import { useAdministration } from '../../hooks/useAdministration';
import { adminHref, homeHref } from '../../hooks/useRoute';
import type { Administration } from '../../state/admin/administration';
import { AdminAudit } from './AdminAudit';
import { AdminConnections } from './AdminConnections';
import { AdminBackup, AdminVersion, AdminWarnings } from './AdminNode';
import { AdminRooms } from './AdminRooms';
import { AdminSettings } from './AdminSettings';
import { AdminUsers } from './AdminUsers';
import { Icon } from '../../ui/Icon';
import styles from './Admin.module.css';

const sections = [
  ['users', 'Users'],
  ['rooms', 'Rooms'],
  ['connections', 'Connections'],
  ['server', 'Server'],
  ['limits', 'Limits'],
  ['audit', 'Audit log'],
] as const;

type Section = (typeof sections)[number][0];

interface AdminViewProps {
  /** The section in the address. An unknown one shows the first. */
  section: string;
  userId: number | undefined;
}

/** The administration of the server. */
export function AdminView({ section, userId }: AdminViewProps) {
  const administration = useAdministration();
  const current = sections.find(([name]) => name === section)?.[0] ?? 'users';
  const page = useRef<HTMLElement>(null);
  const tabs = useRef<HTMLElement>(null);

  useEffect(() => {
    page.current?.scrollTo(0, 0);
    tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, [current]);

  return (
    <section ref={page} className={`page ${styles.page}`} aria-labelledby="admin-title">
      <header className="page-head">
        <a className="icon-button only-phone" href={homeHref} aria-label="Back to your rooms">
          <Icon name="back" />
        </a>
        <h1 id="admin-title">Administration</h1>
        <nav ref={tabs} className={styles.tabs} aria-label="Administration">
          {sections.map(([name, label]) => (
            <a key={name} href={adminHref(name)} aria-current={name === current ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      </header>
      <AdminWarnings administration={administration} />
      <Content section={current} administration={administration} userId={userId} />
      <AdminBackup administration={administration} />
      <AdminVersion administration={administration} />
    </section>
  );
}

interface ContentProps {
  section: Section;
  administration: Administration;
  userId: number | undefined;
}

function Content({ section, administration, userId }: ContentProps) {
  switch (section) {
    case 'users':
      return <AdminUsers administration={administration} />;
    case 'rooms':
      return <AdminRooms administration={administration} />;
    case 'connections':
      return <AdminConnections administration={administration} userId={userId} />;
    case 'server':
      return <AdminSettings administration={administration} kind="settings" />;
    case 'limits':
      return <AdminSettings administration={administration} kind="limits" />;
    case 'audit':
      return <AdminAudit administration={administration} />;
  }
}
