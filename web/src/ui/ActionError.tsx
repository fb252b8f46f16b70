import type { ActionState } from '../hooks/useAction';

/** Shows the error of a failed action, with an optional prefix. */
export function ActionError({ action, prefix = '' }: { action: ActionState; prefix?: string }) {
  if (action.kind !== 'failed') return null;
  return (
    <p className="action-error" role="alert">
      {`${prefix} ${action.reason}`.trimStart()}
    </p>
  );
}
