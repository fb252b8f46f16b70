import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useOnline } from '../../hooks/useChatState';
import { useDeed } from '../../hooks/useDeed';
import { useEvery } from '../../hooks/useEvery';
import { useStore } from '../../hooks/useStore';
import type { Author, IncomingHook, NewIncomingHook, NewOutgoingHook } from '../../protocol/types';
import type { ListingState } from '../../state/resource';
import type { RoomSession } from '../../state/room/session';
import { type Delivery, type Receiver, Webhooks as State } from '../../state/webhooks';
import { nameOf } from '../../ui/Avatar';
import { briefDay } from '../../ui/briefDay';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { DeedFailed } from '../../ui/DeedFailed';
import { timeOf, wholeDate } from '../../ui/dates';
import { Face, Skeleton } from '../../ui/Face';
import { Field, FormError } from '../../ui/Field';
import { Handout } from '../../ui/Handout';

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
  useEvery(LOOK_MS, look);

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
  const [deed, run] = useDeed();
  const [made, setMade] = useState<NewIncomingHook>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get('name') ?? '').trim();
    void run(async () => {
      setMade(await webhooks.makeIncoming(name));
      form.reset();
    });
  }

  const named = deed.kind === 'failed' && deed.field === 'name';
  return (
    <section className="dialog-section" aria-labelledby="incoming-title">
      <h3 id="incoming-title">Programs that write here</h3>
      {made && <Handout key={made.id} label={`Address for ${made.name}`} value={made.url} then={'Post {"text": "…"} to it, as JSON.'} />}
      <Listed state={state} of="addresses" onRetry={() => void webhooks.incoming.load()}>
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
      </Listed>
      <form onSubmit={submit}>
        {deed.kind === 'failed' && !named && <FormError>{deed.reason}</FormError>}
        <Field
          label="Name"
          name="name"
          required
          maxLength={50}
          autoComplete="off"
          placeholder="Build server"
          hint="Its messages are signed with it."
          error={named ? deed.reason : undefined}
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || deed.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {deed.kind === 'busy' ? 'Making…' : 'Make an address'}
          </button>
        </div>
      </form>
    </section>
  );
}

interface IncomingRowProps {
  hook: IncomingHook;
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
          <time dateTime={createdAt} title={wholeDate(createdAt)}>
            {briefDay(createdAt)}
          </time>{' '}
          by {nameOf(createdBy)}
        </p>
        {paused && (
          <>
            <PausedLine maker={createdBy} />
            <Resume of={name} resume={onResume} />
          </>
        )}
      </div>
      <button type="button" className="button" aria-label={`Revoke the address of ${name}`} disabled={!online} onClick={() => setAsking(true)}>
        Revoke
      </button>
      {asking && (
        <ConfirmDialog title={`Revoke the address of ${name}?`} deed="Revoke" busy="Revoking…" danger run={onRevoke} onClose={() => setAsking(false)}>
          <p className="dialog-text">What is posted to it from now on is refused. What {name} wrote stays.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function Outgoing({ webhooks }: { webhooks: State }) {
  const online = useOnline();
  const state = useStore(webhooks.outgoing.state);
  const [deed, run] = useDeed();
  const [made, setMade] = useState<NewOutgoingHook>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const url = String(new FormData(form).get('url') ?? '').trim();
    void run(async () => {
      setMade(await webhooks.makeOutgoing(url));
      form.reset();
    });
  }

  const atUrl = deed.kind === 'failed' && deed.field === 'url';
  return (
    <section className="dialog-section" aria-labelledby="outgoing-title">
      <h3 id="outgoing-title">Programs that are told</h3>
      {made && <Handout key={made.id} label={`Secret of ${siteOf(made.url)}`} value={made.secret} then="With it the program knows what is really from here." />}
      <Listed state={state} of="URLs" onRetry={() => void webhooks.outgoing.load()}>
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
      </Listed>
      <form onSubmit={submit} noValidate>
        {deed.kind === 'failed' && !atUrl && <FormError>{deed.reason}</FormError>}
        <Field
          label="URL"
          name="url"
          type="url"
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
          placeholder="https://example.org/chat"
          hint="It is sent everything that happens here from now on."
          error={atUrl ? deed.reason : undefined}
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || deed.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {deed.kind === 'busy' ? 'Making…' : 'Tell this URL'}
          </button>
        </div>
      </form>
    </section>
  );
}

function siteOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function PausedLine({ maker }: { maker: Author }) {
  return (
    <p className="session-facts">
      <span className="tag warn">Paused</span> {nameOf(maker)} may not manage webhooks here any more.
    </p>
  );
}

/** Makes the user answer for a webhook that does not work at present. */
function Resume({ of, resume }: { of: string; resume: () => Promise<void> }) {
  const online = useOnline();
  const [deed, run] = useDeed();
  return (
    <>
      <DeedFailed deed={deed} />
      <button type="button" className="link session-more" aria-label={`Resume ${of}`} disabled={!online || deed.kind === 'busy'} onClick={() => void run(resume)}>
        {deed.kind === 'busy' ? 'Resuming…' : 'Resume'}
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
        {delivery.kind === 'paused' ? <PausedLine maker={hook.createdBy} /> : <DeliveryLine delivery={delivery} />}
        <p className="session-facts">Made by {nameOf(hook.createdBy)}</p>
        {(delivery.kind === 'paused' || delivery.kind === 'given up') && <Resume of={hook.url} resume={onResume} />}
      </div>
      <button type="button" className="button" aria-label={`Delete ${hook.url}`} disabled={!online} onClick={() => setAsking(true)}>
        Delete
      </button>
      {asking && (
        <ConfirmDialog title="Stop telling this URL?" deed="Delete" busy="Deleting…" danger run={onDelete} onClose={() => setAsking(false)}>
          <p className="dialog-text">{hook.url} is sent nothing any more, not what is on its way either.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function DeliveryLine({ delivery }: { delivery: Exclude<Delivery, { kind: 'paused' }> }) {
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
              <time dateTime={delivery.nextTryAt} title={wholeDate(delivery.nextTryAt)}>
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
          <time dateTime={delivery.at} title={wholeDate(delivery.at)}>
            {briefDay(delivery.at)}
          </time>
          {delivery.reason && `: ${delivery.reason}`}.
        </p>
      );
  }
}

interface ListedProps<T> {
  state: ListingState<T>;
  /** What it lists, in the plural. */
  of: string;
  onRetry: () => void;
  children: (item: T) => ReactNode;
}

function Listed<T>({ state, of, onRetry, children }: ListedProps<T>) {
  const online = useOnline();
  if (state.kind === 'loading') return <Skeleton label={`Loading ${of}`} rows={2} />;
  if (state.kind === 'failed') {
    return <Face title={online ? `The ${of} could not be loaded` : 'You are offline'} action={{ label: 'Try again', run: onRetry }} />;
  }
  if (state.items.length === 0) return <p className="field-hint">There are none yet.</p>;
  return <ul className="sessions">{state.items.map(children)}</ul>;
}
