import { useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import { maxDisplayName } from '../../protocol/limits.generated';
import type { IncomingWebhook, NewIncomingWebhook } from '../../protocol/types';
import type { Webhooks } from '../../state/webhooks';
import { nameOf } from '../../ui/Avatar';
import { shortDate } from '../../ui/shortDate';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { fullDate } from '../../ui/dates';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { SecretField } from '../../ui/SecretField';
import { PausedNote, ResumeButton } from './PausedWebhook';
import { ResourceList } from '../../ui/ResourceList';

export function IncomingWebhooks({ webhooks }: { webhooks: Webhooks }) {
  const online = useOnline();
  const state = useStore(webhooks.incoming.state);
  const [action, run] = useAction();
  const [created, setCreated] = useState<NewIncomingWebhook>();

  function submit(data: FormData, form: HTMLFormElement) {
    const name = String(data.get('name') ?? '').trim();
    void run(async () => {
      setCreated(await webhooks.makeIncoming(name));
      form.reset();
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="incoming-title">
      <h3 id="incoming-title">Incoming webhooks</h3>
      {created && <SecretField key={created.id} label={`URL of ${created.name}`} value={created.url} nextStep={'Post {"text": "…"} to it, as JSON.'} />}
      <ResourceList state={state} of="incoming webhooks" onRetry={() => void webhooks.incoming.load()}>
        {(hook) => (
          <li key={hook.id}>
            <IncomingRow
              hook={hook}
              onResume={() => webhooks.resumeIncoming(hook.id)}
              onRevoke={async () => {
                await webhooks.deleteIncoming(hook.id);
                if (created?.id === hook.id) setCreated(undefined);
              }}
            />
          </li>
        )}
      </ResourceList>
      <Form action={action} onSubmit={submit}>
        <Field
          label="Name"
          name="name"
          required
          maxLength={maxDisplayName}
          autoComplete="off"
          placeholder="Build server"
          hint="Its messages appear under this name."
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Creating…' : 'Create URL'}
          </button>
        </div>
      </Form>
    </section>
  );
}

interface IncomingRowProps {
  hook: IncomingWebhook;
  onResume: () => Promise<void>;
  onRevoke: () => Promise<void>;
}

function IncomingRow({ hook: { name, createdAt, createdBy, paused }, onResume, onRevoke }: IncomingRowProps) {
  const online = useOnline();
  const [asking, setAsking] = useState(false);
  return (
    <div className="row">
      <div className="row-text">
        <p className="row-title">{name}</p>
        <p className="row-facts">
          created{' '}
          <time dateTime={createdAt} title={fullDate(createdAt)}>
            {shortDate(createdAt)}
          </time>{' '}
          by {nameOf(createdBy)}
        </p>
        {paused && (
          <>
            <PausedNote maker={createdBy} />
            <ResumeButton of={name} resume={onResume} />
          </>
        )}
      </div>
      <button type="button" className="button" aria-label={`Revoke the URL of ${name}`} disabled={!online} onClick={() => setAsking(true)}>
        Revoke
      </button>
      {asking && (
        <ConfirmDialog title={`Revoke the URL of ${name}?`} confirmLabel="Revoke" busyLabel="Revoking…" danger run={onRevoke} onClose={() => setAsking(false)}>
          <p className="dialog-text">Requests to this URL will be refused. The messages of {name} stay.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
