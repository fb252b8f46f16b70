import { type ChangeEvent, useEffect, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useMe, useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { avatarFileError, avatarTypes } from '../../state/avatarFile';
import { Avatar } from '../../ui/Avatar';
import { NOT_NOW } from './ProfileForm';
import styles from './ProfileForm.module.css';

/** A picture that is chosen, but not uploaded. */
interface Chosen {
  file: File;
  url: string;
}

export function PictureForm() {
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
    // Allows choosing the same file again after a failure.
    event.target.value = '';
    if (file === undefined) return;
    const found = avatarFileError(file);
    setFault(found);
    setChosen(found === undefined ? { file, url: URL.createObjectURL(file) } : undefined);
  }

  // The button that had the focus is removed together with the chosen picture.
  const hadChosen = useRef(false);
  useEffect(() => {
    if (busy) return;
    if (hadChosen.current && chosen === undefined) changeButton.current?.focus();
    hadChosen.current = chosen !== undefined;
  }, [chosen, busy]);

  const problem = fault ?? (action.kind === 'failed' ? action.reason : undefined);
  return (
    <div className={styles.picture}>
      <Avatar person={chosen ? { ...me, avatarUrl: chosen.url } : me} size="xl" />
      <div className={styles.pictureText}>
        <p className={styles.pictureName}>@{me.username}</p>
        <div className={styles.pictureActions}>
          {chosen ? (
            <>
              <button
                type="button"
                className="button primary"
                disabled={!online || busy}
                title={online ? undefined : NOT_NOW}
                onClick={() =>
                  void run(async () => {
                    await chat.profile.setAvatar(chosen.file);
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
                <button type="button" className="button" disabled={!online || busy} onClick={() => void run(() => chat.profile.removeAvatar())}>
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
