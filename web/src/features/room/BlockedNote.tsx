import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import type { Author } from '../../protocol/types';
import { ActionError } from '../../ui/ActionError';
import { nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import styles from './ComposerOrMuted.module.css';

/** In place of the composer in a direct room with a blocked person. */
export function BlockedNote({ person }: { person: Author }) {
  const { blocks } = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  return (
    <div className={styles.note} role="status">
      <Icon name="ban" />
      <span>
        You blocked <bdi>{nameOf(person)}</bdi>.
      </span>
      <button type="button" className="button" disabled={!online || action.kind === 'busy'} onClick={() => void run(() => blocks.setBlocked(person.id, false))}>
        Unblock
      </button>
      <ActionError action={action} />
    </div>
  );
}
