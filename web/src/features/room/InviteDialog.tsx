import { useEffect, useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useInviteLinks } from '../../hooks/useInviteLinks';
import { absoluteUrl } from '../../hooks/useRoute';
import { useStore } from '../../hooks/useStore';
import type { CreatedInvite, Invite } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import { ActionError } from '../../ui/ActionError';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Select } from '../../ui/Field';
import { Form } from '../../ui/Form';
import { CopyField } from '../../ui/CopyField';

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
  const links = useInviteLinks();

  function submit(data: FormData) {
    const uses = Number(data.get('uses') ?? 0);
    void run(async () => {
      const invite = await session.admin.createInvite({ expiresIn: Number(data.get('expiresIn')), ...(uses > 0 ? { uses } : {}) });
      links.add(session.id, invite);
      setCreated(invite);
    });
  }

  return (
    <Form action={action} onSubmit={submit}>
      <div className="field-pair">
        <Select label="Expires after" name="expiresIn" options={spans} defaultValue="604800" />
        <Select label="For" name="uses" options={counts} defaultValue="" />
      </div>
      {created && <CopyField key={created.id} label="Invite link" value={absoluteUrl(created.url)} note="Send it to the people you want to invite. This browser can show it again until you sign out." focus />}
      <div className="dialog-actions">
        <button type="submit" className={`button${created ? '' : ' primary'}`} disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
          {action.kind === 'busy' ? 'Creating…' : created ? 'Create another link' : 'Create a link'}
        </button>
      </div>
    </Form>
  );
}

function InviteList({ session }: { session: RoomSession }) {
  const online = useOnline();
  const state = useStore(session.admin.invites.state);

  const links = useInviteLinks();
  const known = useStore(links.links);
  useEffect(() => {
    void session.admin.invites.load();
  }, [session, online]);
  useEffect(() => {
    if (state.kind === 'ready') links.retain(session.id, state.value);
  }, [links, session, state]);

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
              <InviteRow session={session} invite={invite} url={known.find(({ id }) => id === invite.id)?.url} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** url: undefined if another browser created the link. */
function InviteRow({ session, invite, url }: { session: RoomSession; invite: Invite; url: string | undefined }) {
  const online = useOnline();
  const [action, run] = useAction();
  const [shown, setShown] = useState(false);
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
        {url === undefined && <p className="row-facts">Only the browser that created the link can show it.</p>}
        <ActionError action={action} />
      </div>
      {url !== undefined && (
        <button type="button" className="button" aria-expanded={shown} aria-label={`Show the link ${uses.toLowerCase()}, by ${nameOf(createdBy)}`} onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'}
        </button>
      )}
      <button
        type="button"
        className="button"
        aria-label={`Revoke the link ${uses.toLowerCase()}, by ${nameOf(createdBy)}`}
        disabled={!online || action.kind === 'busy'}
        onClick={() => void run(() => session.admin.revokeInvite(invite.id))}
      >
        {action.kind === 'busy' ? 'Revoking…' : 'Revoke'}
      </button>
      {shown && url !== undefined && <CopyField label="Link" value={absoluteUrl(url)} note={`Anyone with it can join until ${dayOf(expiresAt)}.`} focus />}
    </div>
  );
}
