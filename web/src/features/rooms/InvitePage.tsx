import { useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { homeHref, leaveInvite, roomHref } from '../../hooks/useRoute';
import type { InvitedRoom } from '../../protocol/types';
import { ApiError, errorMessage } from '../../transport/errors';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError } from '../../ui/FormError';
import { CardPage } from '../../ui/CardPage';
import styles from './InvitePage.module.css';

type Preview = { kind: 'loading' } | { kind: 'ready'; room: InvitedRoom } | { kind: 'invalid' } | { kind: 'failed'; reason: string };

/** The preview of the room that an invite leads to. */
export function InvitePage({ token }: { token: string }) {
  const chat = useChat();
  const online = useOnline();
  const [preview, setPreview] = useState<Preview>({ kind: 'loading' });
  const [action, run] = useAction();

  const [tries, setTries] = useState(0);

  // Loads again after a reconnect or on request.
  useEffect(() => {
    let active = true;
    chat.rooms.previewInvite(token).then(
      (room) => active && setPreview({ kind: 'ready', room }),
      (error: unknown) => active && setPreview(failureOf(error)),
    );
    return () => {
      active = false;
    };
  }, [chat, token, online, tries]);

  const join = () => void run(async () => leaveInvite(roomHref((await chat.rooms.joinByInvite(token)).id)));

  return (
    <CardPage>
      {preview.kind === 'loading' && <Skeleton label="Loading the invite" rows={3} />}
      {preview.kind === 'invalid' && (
        <>
          <h1>This invite is not valid</h1>
          <p className={styles.leadText}>It may have expired, been used up or been revoked. Ask for a new one.</p>
        </>
      )}
      {preview.kind === 'failed' && (
        <EmptyState icon="alert" title={navigator.onLine ? 'The invite could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => setTries(tries + 1) }}>
          {preview.reason}
        </EmptyState>
      )}
      {preview.kind === 'ready' && (
        <>
          <p className={styles.lead}>You are invited to</p>
          <h1 className={styles.room}>{preview.room.name}</h1>
          {preview.room.description && <p className={styles.about} dir="auto">{preview.room.description}</p>}
          <p className="field-hint">{preview.room.memberCount === 1 ? '1 member' : `${preview.room.memberCount} members`}</p>
          {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
          <button type="button" className="button primary wide" disabled={action.kind === 'busy'} onClick={join}>
            {action.kind === 'busy' ? 'Joining…' : 'Join room'}
          </button>
        </>
      )}
      <button type="button" className="button wide" onClick={() => leaveInvite(homeHref)}>
        {preview.kind === 'ready' ? 'Not now' : 'To my rooms'}
      </button>
    </CardPage>
  );
}

function failureOf(error: unknown): Preview {
  const invalid = error instanceof ApiError && (error.code === 'NOT_FOUND' || error.code === 'BAD_REQUEST');
  return invalid ? { kind: 'invalid' } : { kind: 'failed', reason: errorMessage(error) };
}
