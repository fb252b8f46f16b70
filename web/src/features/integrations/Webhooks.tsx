import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { usePolling } from '../../hooks/usePolling';
import { useStore } from '../../hooks/useStore';
import type { Author, IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook } from '../../protocol/types';
import type { ResourceState } from '../../state/resource';
import type { RoomSession } from '../../state/room/session';
import { type Delivery, type Receiver, Webhooks as State } from '../../state/webhooks';
import { nameOf } from '../../ui/Avatar';
import { shortDate } from '../../ui/shortDate';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ActionError } from '../../ui/ActionError';
import { timeOf, fullDate } from '../../ui/dates';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Field, FormError } from '../../ui/Field';
import { SecretField } from '../../ui/SecretField';

/** How often one looks how receivers do. */
const LOOK_MS = 5_000;

/** A room's ways to and from programs, for its admins. */
export function Webhooks({ session }: { session: RoomSession }) {
  const chat = useChat();
  const online = useOnline();
  const [webhooks] = useState(
    () =>
      new State(chat.rest, session.id, () => {
        const { cursor } = session.timeline.getSnapshot();
        return cursor.kind === 'at' ? cursor.seq : 0;
      }),
  );

  useEffect(() => {
    void webhooks.incoming.load();
    void webhooks.outgoing.load();
  }, [webhooks, online]);

  const look = useCallback(() => {
    if (webhooks.outgoing.state.getSnapshot().kind === 'ready') void webhooks.outgoing.load();
  }, [webhooks]);
  usePolling(LOOK_MS, look);

  return (
    <>
      <Incoming webhooks={webhooks} />
      <Outgoing webhooks={webhooks} />
    </>
  );
}

function Incoming({ webhooks }: { webhooks: State }) {
  const online = useOnline();
  const state = useStore(webhooks.incoming.state);
  const [action, run] = useAction();
  const [made, setMade] = useState<NewIncomingWebhook>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get('name') ?? '').trim();
    void run(async () => {
      setMade(await webhooks.makeIncoming(name));
      form.reset();
    });
  }

  const named = action.kind === 'failed' && action.field === 'name';
  return (
    <section className="dialog-section" aria-labelledby="incoming-title">
      <h3 id="incoming-title">Programs that write here</h3>
      {made && <SecretField key={made.id} label={`Address for ${made.name}`} value={made.url} nextStep={'Post {"text": "…"} to it, as JSON.'} />}
      <ResourceList state={state} of="addresses" onRetry={() => void webhooks.incoming.load()}>
        {(hook) => (
          <li key={hook.id}>
            <IncomingRow
              hook={hook}
              onResume={() => webhooks.resumeIncoming(hook.id)}
              onRevoke={async () => {
                await webhooks.deleteIncoming(hook.id);
                if (made?.id === hook.id) setMade(undefined);
              }}
            />
          </li>
        )}
      </ResourceList>
      <form onSubmit={submit}>
        {action.kind === 'failed' && !named && <FormError>{action.reason}</FormError>}
        <Field
          label="Name"
          name="name"
          required
          maxLength={50}
          autoComplete="off"
          placeholder="Build server"
          hint="Its messages are signed with it."
          error={named ? action.reason : undefined}
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Making…' : 'Make an address'}
          </button>
        </div>
      </form>
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
    <div className="session">
      <div className="session-text">
        <p className="session-device">{name}</p>
        <p className="session-facts">
          made{' '}
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
      <button type="button" className="button" aria-label={`Revoke the address of ${name}`} disabled={!online} onClick={() => setAsking(true)}>
        Revoke
      </button>
      {asking && (
        <ConfirmDialog title={`Revoke the address of ${name}?`} confirmLabel="Revoke" busyLabel="Revoking…" danger run={onRevoke} onClose={() => setAsking(false)}>
          <p className="dialog-text">What is posted to it from now on is refused. What {name} wrote stays.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function Outgoing({ webhooks }: { webhooks: State }) {
  const online = useOnline();
  const state = useStore(webhooks.outgoing.state);
  const [action, run] = useAction();
  const [made, setMade] = useState<NewOutgoingWebhook>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const url = String(new FormData(form).get('url') ?? '').trim();
    void run(async () => {
      setMade(await webhooks.makeOutgoing(url));
      form.reset();
    });
  }

  const atUrl = action.kind === 'failed' && action.field === 'url';
  return (
    <section className="dialog-section" aria-labelledby="outgoing-title">
      <h3 id="outgoing-title">Programs that are told</h3>
      {made && <SecretField key={made.id} label={`Secret of ${siteOf(made.url)}`} value={made.secret} nextStep="With it the program knows what is really from here." />}
      <ResourceList state={state} of="URLs" onRetry={() => void webhooks.outgoing.load()}>
        {(receiver) => (
          <li key={receiver.hook.id}>
            <OutgoingRow
              receiver={receiver}
              onResume={() => webhooks.resumeOutgoing(receiver.hook.id)}
              onDelete={async () => {
                await webhooks.deleteOutgoing(receiver.hook.id);
                if (made?.id === receiver.hook.id) setMade(undefined);
              }}
            />
          </li>
        )}
      </ResourceList>
      <form onSubmit={submit} noValidate>
        {action.kind === 'failed' && !atUrl && <FormError>{action.reason}</FormError>}
        <Field
          label="URL"
          name="url"
          type="url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://example.org/chat"
          hint="It is sent everything that happens here from now on."
          error={atUrl ? action.reason : undefined}
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Making…' : 'Tell this URL'}
          </button>
        </div>
      </form>
    </section>
  );
}

function siteOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function PausedNote({ maker }: { maker: Author }) {
  return (
    <p className="session-facts">
      <span className="tag warn">Paused</span> {nameOf(maker)} may not manage webhooks here any more.
    </p>
  );
}

/** Makes the user answer for a webhook that does not work at present. */
function ResumeButton({ of, resume }: { of: string; resume: () => Promise<void> }) {
  const online = useOnline();
  const [action, run] = useAction();
  return (
    <>
      <ActionError action={action} />
      <button type="button" className="link session-more" aria-label={`Resume ${of}`} disabled={!online || action.kind === 'busy'} onClick={() => void run(resume)}>
        {action.kind === 'busy' ? 'Resuming…' : 'Resume'}
      </button>
    </>
  );
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
    <div className="session">
      <div className="session-text">
        <p className="session-device">{hook.url}</p>
        {delivery.kind === 'paused' ? <PausedNote maker={hook.createdBy} /> : <DeliveryStatus delivery={delivery} />}
        <p className="session-facts">Made by {nameOf(hook.createdBy)}</p>
        {(delivery.kind === 'paused' || delivery.kind === 'given up') && <ResumeButton of={hook.url} resume={onResume} />}
      </div>
      <button type="button" className="button" aria-label={`Delete ${hook.url}`} disabled={!online} onClick={() => setAsking(true)}>
        Delete
      </button>
      {asking && (
        <ConfirmDialog title="Stop telling this URL?" confirmLabel="Delete" busyLabel="Deleting…" danger run={onDelete} onClose={() => setAsking(false)}>
          <p className="dialog-text">{hook.url} is sent nothing any more, not what is on its way either.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function DeliveryStatus({ delivery }: { delivery: Exclude<Delivery, { kind: 'paused' }> }) {
  switch (delivery.kind) {
    case 'up to date':
      return <p className="session-facts">It has everything.</p>;
    case 'behind':
      return <p className="session-facts">{delivery.behind === 1 ? '1 change is' : `${delivery.behind} changes are`} on the way.</p>;
    case 'failing':
      return (
        <p className="session-facts">
          <span className="tag warn">Failing</span> {delivery.reason}. Tried {delivery.tries === 1 ? 'once' : `${delivery.tries} times`}
          {delivery.nextTryAt && (
            <>
              , next at{' '}
              <time dateTime={delivery.nextTryAt} title={fullDate(delivery.nextTryAt)}>
                {timeOf(delivery.nextTryAt)}
              </time>
            </>
          )}
          .
        </p>
      );
    case 'given up':
      return (
        <p className="session-facts">
          <span className="tag danger">Given up</span>{' '}
          <time dateTime={delivery.at} title={fullDate(delivery.at)}>
            {shortDate(delivery.at)}
          </time>
          {delivery.reason && `: ${delivery.reason}`}.
        </p>
      );
  }
}

interface ResourceListProps<T> {
  state: ResourceState<T>;
  /** What it lists, in the plural. */
  of: string;
  onRetry: () => void;
  children: (item: T) => ReactNode;
}

function ResourceList<T>({ state, of, onRetry, children }: ResourceListProps<T>) {
  const online = useOnline();
  if (state.kind === 'loading') return <Skeleton label={`Loading ${of}`} rows={2} />;
  if (state.kind === 'failed') {
    return <EmptyState title={online ? `The ${of} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: onRetry }} />;
  }
  if (state.items.length === 0) return <p className="field-hint">There are none yet.</p>;
  return <ul className="sessions">{state.items.map(children)}</ul>;
}
