import { type FormEvent, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { type ActionState, useAction } from '../../hooks/useAction';
import { maxDisplayName, maxStatusMessage } from '../../protocol/limits.generated';
import { Field, FormError } from '../../ui/Field';
import { PictureForm } from './AvatarForm';
import { TimeZoneField } from './TimeZoneField';
import styles from './ProfileForm.module.css';

export const NOT_NOW = 'Not connected right now';

/** The profile that others see: picture, display name and status message. */
export function ProfileForm() {
  const me = useMe();
  return (
    <section className={styles.profile} aria-label="Profile">
      <PictureForm />
      {/* A new form if the profile was changed elsewhere. */}
      <NamesForm key={`${me.displayName}\n${me.statusMessage}\n${me.timeZone}`} />
    </section>
  );
}

function NamesForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();
  const [{ displayName, statusMessage, timeZone = '' }, setNames] = useState(me);
  const changed = displayName.trim() !== me.displayName || statusMessage.trim() !== me.statusMessage || timeZone !== (me.timeZone ?? '');

  function submit(event: FormEvent) {
    event.preventDefault();
    void run(async () => {
      await chat.profile.update({ displayName: displayName.trim(), statusMessage: statusMessage.trim(), timeZone });
      chat.notices.show('Your profile is saved.');
    });
  }

  const whole = action.kind === 'failed' && !['displayName', 'statusMessage', 'timeZone'].includes(action.field ?? '');
  return (
    <form onSubmit={submit}>
      {whole && <FormError>{action.reason}</FormError>}
      <Field
        label="Display name"
        name="displayName"
        autoComplete="nickname"
        maxLength={maxDisplayName}
        value={displayName}
        placeholder={me.username}
        onChange={(event) => setNames({ ...me, displayName: event.target.value, statusMessage, timeZone })}
        error={errorIn(action, 'displayName')}
      />
      <Field
        label="Status message"
        name="statusMessage"
        autoComplete="off"
        maxLength={maxStatusMessage}
        value={statusMessage}
        placeholder="What you are up to"
        onChange={(event) => setNames({ ...me, displayName, statusMessage: event.target.value, timeZone })}
        error={errorIn(action, 'statusMessage')}
      />
      <TimeZoneField value={timeZone} onChange={(zone) => setNames({ ...me, displayName, statusMessage, timeZone: zone })} error={errorIn(action, 'timeZone')} />
      {(changed || action.kind === 'busy') && (
        <div className="dialog-actions">
          <button type="button" className="button" onClick={() => setNames(me)}>
            Undo
          </button>
          <button type="submit" className="button primary" disabled={!online || action.kind === 'busy'} title={online ? undefined : NOT_NOW}>
            {action.kind === 'busy' ? 'Saving…' : 'Save profile'}
          </button>
        </div>
      )}
    </form>
  );
}

function errorIn(action: ActionState, field: string): string | undefined {
  return action.kind === 'failed' && action.field === field ? action.reason : undefined;
}
