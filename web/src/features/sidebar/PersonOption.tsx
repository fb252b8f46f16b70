import { useChat } from '../../hooks/context';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { User } from '../../protocol/types';
import { Avatar, nameOf } from '../../ui/Avatar';
import type { ChooserOption } from './Chooser';
import styles from './QuickSwitcher.module.css';

/** People as options that open the conversation with them. */
export function usePersonOptions(people: readonly User[]): ChooserOption[] {
  const { rooms } = useChat();
  return people.map((user) => ({
    key: `person-${user.id}`,
    content: <PersonOption user={user} />,
    choose: async () => goTo(roomHref((await rooms.openDirect(user.id)).id)),
  }));
}

function PersonOption({ user }: { user: User }) {
  return (
    <>
      <Avatar person={user} status={user.status} size="s" className={styles.avatar} />
      <span className={styles.name} dir="auto">{nameOf(user)}</span>
      <span className={styles.username}>@{user.username}</span>
      {user.role === 'bot' && <span className="tag">Bot</span>}
      {user.guest && <span className="tag">Guest</span>}
    </>
  );
}
