import { useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { maxDisplayName, maxStatusMessage } from '../../protocol/limits.generated';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
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

  function submit() {
    void run(async () => {
      await chat.profile.update({ displayName: displayName.trim(), statusMessage: statusMessage.trim(), timeZone });
      chat.notices.show('Your profile is saved.');
    });
  }

  return (
    <Form action={action} onSubmit={submit}>
      <Field
        label="Display name"
        name="displayName"
        autoComplete="nickname"
        maxLength={maxDisplayName}
        value={displayName}
        placeholder={me.username}
        onChange={(event) => setNames({ ...me, displayName: event.target.value, statusMessage, timeZone })}
      />
      <Field
        label="Status message"
        name="statusMessage"
        autoComplete="off"
        maxLength={maxStatusMessage}
        value={statusMessage}
        placeholder="What you are up to"
        onChange={(event) => setNames({ ...me, displayName, statusMessage: event.target.value, timeZone })}
      />
      <TimeZoneField value={timeZone} onChange={(zone) => setNames({ ...me, displayName, statusMessage, timeZone: zone })} />
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
    </Form>
  );
}
