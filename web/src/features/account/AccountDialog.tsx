import { type FormEvent, useEffect, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline, useOwnStatus, useSessions } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { OwnStatus, Session } from '../../protocol/types';
import { deviceName } from '../../state/sessions';
import { ownStatuses } from '../../state/local/status';
import { describeAllowance } from '../../state/outbox/uploadAllowance';
import { NotificationsSetting } from './NotificationsSetting';
import { ActionError } from '../../ui/ActionError';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { Dialog } from '../../ui/Dialog';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Field, FormError } from '../../ui/Field';
import { UpgradeGuestForm } from './UpgradeGuestForm';
import { ProfileForm } from './ProfileForm';

interface AccountDialogProps {
  onClose: () => void;
  /** Asks to close the account for good. */
  onEnd?: () => void;
  /** Shows the programs that this user owns. */
  onBots?: () => void;
}

export function AccountDialog({ onClose, onEnd, onBots }: AccountDialogProps) {
  const me = useMe();
  return (
    <Dialog title="Your account" onClose={onClose}>
      <ProfileForm />
      <StatusChoice />
      <NotificationsSetting />
      {me.guest ? <UpgradeGuestForm /> : <PasswordForm />}
      <Uploads />
      <SessionList />
      {onBots && !me.guest && (
        <section className="dialog-section" aria-labelledby="bots-title">
          <div className="session">
            <div className="session-text">
              <h3 id="bots-title">Bots</h3>
              <p className="session-facts">Programs of yours that take part as people do.</p>
            </div>
            <button type="button" className="button" onClick={onBots}>
              Your bots…
            </button>
          </div>
        </section>
      )}
      {onEnd && (
        <div className="dialog-section">
          <button type="button" className="button quiet-danger" onClick={onEnd}>
            Close your account…
          </button>
        </div>
      )}
    </Dialog>
  );
}

const words: Record<OwnStatus, string> = { online: 'Online', away: 'Away', busy: 'Busy' };

function StatusChoice() {
  const chat = useChat();
  const status = useOwnStatus();
  const online = useOnline();
  return (
    <fieldset className="choice">
      <legend>How others see you</legend>
      <div className="choice-options">
        {ownStatuses.map((one) => (
          <label key={one} className="choice-option">
            <input type="radio" name="status" value={one} checked={one === status} onChange={() => chat.setStatus(one)} />
            <span className={`choice-dot dot-${one}`} aria-hidden="true" />
            {words[one]}
          </label>
        ))}
      </div>
      {!online && <p className="field-hint">Others see it when you are connected.</p>}
    </fieldset>
  );
}

function PasswordForm() {
  const chat = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  const [changed, setChanged] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setChanged(false);
    void run(async () => {
      await chat.changePassword(String(data.get('current') ?? ''), String(data.get('password') ?? ''));
      form.reset();
      setChanged(true);
    });
  }

  const wrong = action.kind === 'failed' && (action.code === 'WRONG_PASSWORD' || action.field === 'current');
  const weak = action.kind === 'failed' && action.field === 'password';
  return (
    <section className="dialog-section" aria-labelledby="password-title">
      <h3 id="password-title">Password</h3>
      <form onSubmit={submit}>
        {action.kind === 'failed' && !wrong && !weak && <FormError>{action.reason}</FormError>}
        {changed && (
          <p className="form-notice" role="status">
            Your password is changed. Everywhere else you are signed out.
          </p>
        )}
        <Field label="Present password" name="current" type="password" autoComplete="current-password" required error={wrong ? action.reason : undefined} />
        <Field
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          hint="At least 8 characters. Your other sessions end."
          error={weak ? action.reason : undefined}
        />
        <div className="dialog-actions">
          <button type="submit" className="button" disabled={!online || action.kind === 'busy'} title={online ? undefined : 'Not connected right now'}>
            {action.kind === 'busy' ? 'Changing…' : 'Change password'}
          </button>
        </div>
      </form>
    </section>
  );
}

/** How much the user may still upload. */
function Uploads() {
  const chat = useChat();
  const online = useOnline();
  const allowance = useStore(chat.uploadAllowance.state);

  // Asks again when the connection is back.
  useEffect(() => {
    void chat.uploadAllowance.load();
  }, [chat, online]);

  if (allowance === undefined) return null;
  return (
    <section className="dialog-section" aria-labelledby="uploads-title">
      <h3 id="uploads-title">Uploads</h3>
      <p className="session-facts">{describeAllowance(allowance)}</p>
    </section>
  );
}

function SessionList() {
  const chat = useChat();
  const online = useOnline();
  const state = useSessions();

  // Asks again when the connection is back.
  useEffect(() => {
    void chat.sessions.load();
  }, [chat, online]);

  return (
    <section className="dialog-section" aria-labelledby="sessions-title">
      <h3 id="sessions-title">Where you are signed in</h3>
      {state.kind === 'loading' && <Skeleton label="Loading sessions" rows={2} />}
      {state.kind === 'failed' && (
        <EmptyState
          title={online ? 'The list could not be loaded' : 'You are offline'}
          action={{ label: 'Try again', run: () => void chat.sessions.load() }}
        >
          {online ? state.reason : 'The list comes back when you do.'}
        </EmptyState>
      )}
      {state.kind === 'ready' && (
        <ul className="sessions">
          {state.sessions.map((session) => (
            <li key={session.id}>
              <SessionRow session={session} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function SessionRow({ session }: { session: Session }) {
  const chat = useChat();
  const online = useOnline();
  const [action, run] = useAction();
  const device = deviceName(session.userAgent);
  return (
    <div className="session">
      <div className="session-text">
        <p className="session-device" title={session.userAgent}>
          {device} {session.current && <span className="tag">This device</span>}
        </p>
        <p className="session-facts">
          {session.ip || 'Unknown place'} · <time dateTime={session.lastSeenAt} title={fullDate(session.lastSeenAt)}>{lastSeen(session)}</time>
        </p>
        <ActionError action={action} />
      </div>
      {!session.current && (
        <button
          type="button"
          className="button"
          aria-label={`End the session of ${device}, ${session.ip}`}
          disabled={!online || action.kind === 'busy'}
          onClick={() => void run(() => chat.sessions.end(session.id))}
        >
          {action.kind === 'busy' ? 'Ending…' : 'End'}
        </button>
      )}
    </div>
  );
}

function lastSeen({ current, lastSeenAt }: Session): string {
  return current ? 'now' : `${dayOf(lastSeenAt)}, ${timeOf(lastSeenAt)}`;
}
