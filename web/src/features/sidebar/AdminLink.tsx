import { useMe } from '../../hooks/useChatState';
import { adminHref } from '../../hooks/useRoute';
import { Icon } from '../../ui/Icon';
import styles from './RoomLink.module.css';

/** The link to the administration, for admins. */
export function AdminLink({ current }: { current: boolean }) {
  if (useMe().role !== 'admin') return null;
  return (
    <a className={styles.link} href={adminHref('users')} aria-current={current ? 'page' : undefined}>
      <Icon name="shield" />
      <span className={styles.name}>Administration</span>
    </a>
  );
}
