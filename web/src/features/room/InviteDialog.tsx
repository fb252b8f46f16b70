import { type FormEvent, useEffect, useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { CreatedInvite, Invite } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { FormError, Select } from '../../ui/Field';
import { SecretField } from '../../ui/SecretField';

const spans = [
  ['3600', '1 hour'],
  ['86400', '1 day'],
  ['604800', '7 days'],
  ['2592000', '30 days'],
] as const;

const counts = [
  ['', 'any number'],
  ['1', '1 person'],
  ['10', '10 people'],
] as const;

/** Creates and lists the invite links of a room. */
export function InviteDialog({ session, roomName, onClose }: { session: RoomSession; roomName: string; onClose: () => void }) {
  return (
    <Dialog title="Invite people" description={`Anyone with the link can join ${roomName} without a password.`} onClose={onClose}>
      <NewInviteForm session={session} />
      <InviteList session={session} />
    </Dialog>
  );
}

function NewInviteForm({ session }: { session: RoomSession }) {
  const online = useOnline();
  const [action, run] = useAction();
  const [created, setCreated] = useState<CreatedInvite>();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const uses = Number(form.get('uses') ?? 0);
    void run(async () => setCreated(await session.admin.createInvite({ expiresIn: Number(form.get('expiresIn')), ...(uses > 0 ? { uses } : {}) })));
  }

  return (
    <form onSubmit={submit}>
      {action.kind === 'failed' && <FormError>{action.reason}</FormError>}
      <div className="field-pair">
        <Select label="Expires after" name="expiresIn" options={spans} defaultValue="604800" />
        <Select label="For" name="uses" options={counts} defaultValue="" />
      </div>
      {created && <SecretField key={created.id} label="Invite link" value={new URL(created.url, location.href).href} nextStep="Share it with the people you want to invite." />}
      <div className="dialog-actions">
        <button type="submit" className={`button${created ? '' : ' primary'}`} disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
          {action.kind === 'busy' ? 'Creating…' : created ? 'Create another link' : 'Create a link'}
        </button>
      </div>
    </form>
  );
}

function InviteList({ session }: { session: RoomSession }) {
  const online = useOnline();
  const state = useStore(session.admin.invites.state);

  useEffect(() => {
    void session.admin.invites.load();
  }, [session, online]);

  return (
    <section className="dialog-section" aria-labelledby="invites-title">
      <h3 id="invites-title">Links</h3>
      {state.kind === 'loading' && <Skeleton label="Loading invites" rows={2} />}
      {state.kind === 'failed' && (
        <EmptyState title={online ? 'The links could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void session.admin.invites.load() }} />
      )}
      {state.kind === 'ready' && state.value.length === 0 && <p className="field-hint">There are none.</p>}
      {state.kind === 'ready' && state.value.length > 0 && (
        <ul className="rows">
          {state.value.map((invite) => (
            <li key={invite.id}>
              <InviteRow session={session} invite={invite} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function InviteRow({ session, invite }: { session: RoomSession; invite: Invite }) {
  const online = useOnline();
  const [action, run] = useAction();
  const { usesLeft, expiresAt, createdBy, createdAt, paused } = invite;
  const uses = usesLeft === null ? 'For any number' : usesLeft === 1 ? 'For 1 more person' : `For ${usesLeft} more people`;
  return (
    <div className="row">
      <div className="row-text">
        <p className="row-title">{uses}</p>
        <p className="row-facts">
          until{' '}
          <time dateTime={expiresAt} title={fullDate(expiresAt)}>
            {dayOf(expiresAt)}, {timeOf(expiresAt)}
          </time>{' '}
          · by {nameOf(createdBy)}, {dayOf(createdAt)}
        </p>
        {paused && (
          <p className="row-facts">
            <span className="tag warn">Paused</span> {nameOf(createdBy)} can no longer invite to this room.
          </p>
        )}
        <ActionError action={action} />
      </div>
      <button
        type="button"
        className="button"
        aria-label={`Revoke the link ${uses.toLowerCase()}, by ${nameOf(createdBy)}`}
        disabled={!online || action.kind === 'busy'}
        onClick={() => void run(() => session.admin.revokeInvite(invite.id))}
      >
        {action.kind === 'busy' ? 'Revoking…' : 'Revoke'}
      </button>
    </div>
  );
}
