import { useChat } from '../../hooks/context';
import { useBlockedUsers } from '../../hooks/useBlockedUsers';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { User } from '../../protocol/types';
import { ActionError } from '../../ui/ActionError';
import { Avatar, nameOf } from '../../ui/Avatar';
import { ResourceList } from '../../ui/ResourceList';

/** The people that the user has blocked. */
export function BlockedPeople() {
  const users = useBlockedUsers();
  const state = useStore(users.state);
  if (state.kind === 'ready' && state.value.length === 0) return <p className="field-hint">You have blocked nobody. You can block people on their cards.</p>;
  return (
    <ResourceList state={state} of="blocked people" onRetry={() => void users.load()}>
      {(user) => (
        <li key={user.id}>
          <BlockedRow user={user} />
        </li>
      )}
    </ResourceList>
  );
}

function BlockedRow({ user }: { user: User }) {
  const { blocks } = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  return (
    <div className="row">
      <Avatar person={user} size="s" />
      <div className="row-text">
        <p className="row-title" dir="auto">
          {nameOf(user)}
        </p>
        <p className="row-facts">@{user.username}</p>
        <ActionError action={action} />
      </div>
      <button
        type="button"
        className="button"
        aria-label={`Unblock ${nameOf(user)}`}
        disabled={!online || action.kind === 'busy'}
        onClick={() => void run(() => blocks.setBlocked(user.id, false))}
      >
        Unblock
      </button>
    </div>
  );
}
