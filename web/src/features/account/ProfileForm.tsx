import { type ChangeEvent, type FormEvent, useEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { type ActionState, useAction } from '../../hooks/useAction';
import { avatarFileError, avatarTypes } from '../../state/avatarFile';
import { Avatar } from '../../ui/Avatar';
import { Field, FormError } from '../../ui/Field';

const NOT_NOW = 'Not connected right now';

/** What others see of this user: picture, name and a few words. */
export function ProfileForm() {
  const me = useMe();
  return (
    <section className="profile" aria-label="Profile">
      <PictureForm />
      {/* Begun anew when the profile was changed elsewhere. */}
      <NamesForm key={`${me.displayName}\n${me.statusMessage}`} />
    </section>
  );
}

function NamesForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();
  const [{ displayName, statusMessage }, setNames] = useState(me);
  const changed = displayName.trim() !== me.displayName || statusMessage.trim() !== me.statusMessage;

  function submit(event: FormEvent) {
    event.preventDefault();
    void run(async () => {
      await chat.updateProfile({ displayName: displayName.trim(), statusMessage: statusMessage.trim() });
      chat.notices.show('Your profile is saved.');
    });
  }

  const whole = action.kind === 'failed' && action.field !== 'displayName' && action.field !== 'statusMessage';
  return (
    <form onSubmit={submit}>
      {whole && <FormError>{action.reason}</FormError>}
      <Field
        label="Display name"
        name="displayName"
        autoComplete="nickname"
        maxLength={50}
        value={displayName}
        placeholder={me.username}
        onChange={(event) => setNames({ ...me, displayName: event.target.value, statusMessage })}
        error={errorIn(action, 'displayName')}
      />
      <Field
        label="Status message"
        name="statusMessage"
        autoComplete="off"
        maxLength={100}
        value={statusMessage}
        placeholder="What you are up to"
        onChange={(event) => setNames({ ...me, displayName, statusMessage: event.target.value })}
        error={errorIn(action, 'statusMessage')}
      />
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

/** A picture that was chosen and not sent yet. */
interface Chosen {
  file: File;
  url: string;
}

function PictureForm() {
  const chat = useChat();
  const me = useMe();
  const online = useOnline();
  const [action, run] = useAction();
  const [chosen, setChosen] = useState<Chosen>();
  const [fault, setFault] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const changeButton = useRef<HTMLButtonElement>(null);
  const busy = action.kind === 'busy';

  useEffect(() => () => URL.revokeObjectURL(chosen?.url ?? ''), [chosen]);

  function choose(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0];
    // The same file may be chosen again after a failure.
    event.target.value = '';
    if (file === undefined) return;
    const found = avatarFileError(file);
    setFault(found);
    setChosen(found === undefined ? { file, url: URL.createObjectURL(file) } : undefined);
  }

  // The buttons that had the focus go with the choice.
  const hadChosen = useRef(false);
  useEffect(() => {
    if (busy) return;
    if (hadChosen.current && chosen === undefined) changeButton.current?.focus();
    hadChosen.current = chosen !== undefined;
  }, [chosen, busy]);

  const problem = fault ?? (action.kind === 'failed' ? action.reason : undefined);
  return (
    <div className="picture">
      <Avatar person={chosen ? { ...me, avatarUrl: chosen.url } : me} size="xl" />
      <div className="picture-text">
        <p className="picture-name">@{me.username}</p>
        <div className="picture-actions">
          {chosen ? (
            <>
              <button
                type="button"
                className="button primary"
                disabled={!online || busy}
                title={online ? undefined : NOT_NOW}
                onClick={() =>
                  void run(async () => {
                    await chat.setAvatar(chosen.file);
                    setChosen(undefined);
                  })
                }
              >
                {busy ? 'Sending…' : 'Use this picture'}
              </button>
              <button type="button" className="button" disabled={busy} onClick={() => setChosen(undefined)}>
                Cancel
              </button>
            </>
          ) : (
            <>
              <button ref={changeButton} type="button" className="button" disabled={!online || busy} onClick={() => input.current?.click()}>
                {me.avatarUrl ? 'Change picture' : 'Add a picture'}
              </button>
              {me.avatarUrl && (
                <button type="button" className="button" disabled={!online || busy} onClick={() => void run(() => chat.removeAvatar())}>
                  {busy ? 'Removing…' : 'Remove'}
                </button>
              )}
            </>
          )}
          <input ref={input} type="file" hidden accept={avatarTypes.join(',')} aria-label="Picture file" onChange={choose} />
        </div>
        <p className={problem ? 'field-error' : 'field-hint'} role={problem ? 'alert' : undefined}>
          {problem ?? (online ? 'PNG, JPEG, GIF or WebP, up to 5 MB.' : 'You are not connected. This needs the server.')}
        </p>
      </div>
    </div>
  );
}
