import { useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { NewOutgoingWebhook } from '../../protocol/types';
import type { Receiver, Webhooks } from '../../state/webhooks';
import { nameOf } from '../../ui/Avatar';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { SecretField } from '../../ui/SecretField';
import { PausedNote, ResumeButton } from './PausedWebhook';
import { DeliveryStatus } from './DeliveryStatus';
import { ResourceList } from '../../ui/ResourceList';

export function OutgoingWebhooks({ webhooks }: { webhooks: Webhooks }) {
  const online = useOnline();
  const state = useStore(webhooks.outgoing.state);
  const [action, run] = useAction();
  const [created, setCreated] = useState<NewOutgoingWebhook>();

  function submit(data: FormData, form: HTMLFormElement) {
    const url = String(data.get('url') ?? '').trim();
    void run(async () => {
      setCreated(await webhooks.makeOutgoing(url));
      form.reset();
    });
  }

  return (
    <section className="dialog-section" aria-labelledby="outgoing-title">
      <h3 id="outgoing-title">Outgoing webhooks</h3>
      {created && <SecretField key={created.id} label={`Secret of ${siteOf(created.url)}`} value={created.secret} nextStep="The program uses it to verify that requests come from this server." />}
      <ResourceList state={state} of="outgoing webhooks" onRetry={() => void webhooks.outgoing.load()}>
        {(receiver) => (
          <li key={receiver.hook.id}>
            <OutgoingRow
              receiver={receiver}
              onResume={() => webhooks.resumeOutgoing(receiver.hook.id)}
              onDelete={async () => {
                await webhooks.deleteOutgoing(receiver.hook.id);
                if (created?.id === receiver.hook.id) setCreated(undefined);
              }}
            />
          </li>
        )}
      </ResourceList>
      <Form action={action} onSubmit={submit}>
        <Field
          label="URL"
          name="url"
          type="url"
          required
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://example.org/chat"
          hint="It receives all events of this room from now on."
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Creating…' : 'Add URL'}
          </button>
        </div>
      </Form>
    </section>
  );
}

function siteOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

interface OutgoingRowProps {
  receiver: Receiver;
  onResume: () => Promise<void>;
  onDelete: () => Promise<void>;
}

function OutgoingRow({ receiver: { hook, delivery }, onResume, onDelete }: OutgoingRowProps) {
  const online = useOnline();
  const [asking, setAsking] = useState(false);
  return (
    <div className="row">
      <div className="row-text">
        <p className="row-title">{hook.url}</p>
        {delivery.kind === 'paused' ? <PausedNote maker={hook.createdBy} /> : <DeliveryStatus delivery={delivery} />}
        <p className="row-facts">Made by {nameOf(hook.createdBy)}</p>
        {(delivery.kind === 'paused' || delivery.kind === 'given up') && <ResumeButton of={hook.url} resume={onResume} />}
      </div>
      <button type="button" className="button" aria-label={`Delete ${hook.url}`} disabled={!online} onClick={() => setAsking(true)}>
        Delete
      </button>
      {asking && (
        <ConfirmDialog title="Delete this webhook?" confirmLabel="Delete" busyLabel="Deleting…" danger run={onDelete} onClose={() => setAsking(false)}>
          <p className="dialog-text">{hook.url} receives no further events, not even pending ones.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
