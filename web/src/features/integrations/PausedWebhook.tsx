import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import type { Author } from '../../protocol/types';
import { nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';

export function PausedNote({ maker }: { maker: Author }) {
  return (
    <p className="row-facts">
      <span className="tag warn">Paused</span> {nameOf(maker)} can no longer manage webhooks here.
    </p>
  );
}

/** Resumes a paused webhook in the name of this user. */
export function ResumeButton({ of, resume }: { of: string; resume: () => Promise<void> }) {
  const online = useOnline();
  const [action, run] = useAction();
  return (
    <>
      <ActionError action={action} />
      <button type="button" className="link row-more" aria-label={`Resume ${of}`} disabled={!online || action.kind === 'busy'} onClick={() => void run(resume)}>
        {action.kind === 'busy' ? 'Resuming…' : 'Resume'}
      </button>
    </>
  );
}
