import { useChat } from '../../hooks/context';
import { goTo, roomHref } from '../../hooks/useRoute';
import type { User } from '../../protocol/types';
import { onlineStatus } from '../../state/room/presence';
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
  const status = onlineStatus(useChat().rooms.sessions(), user.id);
  return (
    <>
      <Avatar person={user} size="s" className={styles.avatar} {...(status && { status })} />
      <span className={styles.name} dir="auto">{nameOf(user)}</span>
      <span className={styles.username}>@{user.username}</span>
      {user.role === 'bot' && <span className="tag">Bot</span>}
      {user.guest && <span className="tag">Guest</span>}
    </>
  );
}
