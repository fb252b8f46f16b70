import type { ClipboardEvent, FormEvent } from 'react';
import { useId } from 'react';
import { useLimits } from '../../hooks/useChatState';
import type { Option } from '../../hooks/useCompletion';
import { useStore } from '../../hooks/useStore';
import type { RoomSession } from '../../state/room/session';
import { classNames } from '../../ui/classNames';
import { CompletionList, optionId } from '../../ui/CompletionList';
import { Icon } from '../../ui/Icon';
import { FileTray } from '../files/OutgoingFiles';
import { AttachButton } from './AttachButton';
import styles from './Composer.module.css';
import { EmojiButton } from './EmojiButton';
import { ReplyBanner } from './ReplyBanner';
import { useMessageInput } from './useMessageInput';

/** The number of remaining characters is shown from here on. */
const SHOW_REMAINING_BELOW = 200;

/** The draft of a room: reply, files and text. */
export function Composer({ session, roomName }: { session: RoomSession; roomName: string }) {
  const replyTo = useStore(session.draft.replyTarget);
  const files = useStore(session.draft.files);
  const fileErrors = useStore(session.draft.fileErrors);
  const limits = useLimits();
  const listId = useId();
  const charactersLeft = (draft: string) => limits.maxMessageLength - Array.from(draft.trim()).length;
  const canSend = (draft: string) => (draft.trim() !== '' || files.length > 0) && charactersLeft(draft) >= 0;
  const { text, input, completion, ...editor } = useMessageInput(session, canSend);
  const left = charactersLeft(text);

  function attach(chosen: readonly File[]) {
    void session.draft.attach(chosen, limits);
    input.current?.focus();
  }

  function handlePaste(event: ClipboardEvent) {
    const chosen = [...event.clipboardData.files];
    if (chosen.length === 0) return;
    // A table copied from a spreadsheet contains a picture too: paste the text.
    if (event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    attach(chosen);
  }

  return (
    <form
      className={styles.composer}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        editor.send();
      }}
    >
      {replyTo && (
        <ReplyBanner
          id="composer-reply"
          reply={replyTo}
          onCancel={() => {
            session.draft.replyTarget.set(undefined);
            input.current?.focus();
          }}
        />
      )}
      {fileErrors.length > 0 && (
        <p className={styles.fileError} role="alert">
          {fileErrors.join(' ')}
        </p>
      )}
      {files.length > 0 && (
        <FileTray
          files={files}
          flatTop={replyTo !== undefined && fileErrors.length === 0}
          onRemove={(file) => {
            session.draft.detach(file);
            input.current?.focus();
          }}
        />
      )}
      {completion.open && <CompletionList id={listId} options={completion.options} chosen={completion.chosen} onAccept={editor.complete} />}
      <div className={styles.box}>
        <AttachButton maxSize={limits.maxUploadSize} onFiles={attach} />
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          placeholder={`Message ${roomName}`}
          aria-label={`Message ${roomName}`}
          aria-describedby={replyTo ? 'composer-reply composer-hint' : 'composer-hint'}
          enterKeyHint={editor.enterSends ? 'send' : 'enter'}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={completion.open ? listId : undefined}
          aria-activedescendant={completion.open ? optionId(listId, completion.chosen) : undefined}
          onChange={editor.handleChange}
          onSelect={(event) => completion.update(event.currentTarget.value, event.currentTarget.selectionStart)}
          onBlur={completion.close}
          onKeyDown={editor.handleKeyDown}
          onPaste={handlePaste}
        />
        {left <= SHOW_REMAINING_BELOW && (
          <span className={classNames(styles.remaining, left < 0 && styles.over)} role="status">
            {left >= 0 ? `${left} left` : `${-left} too many`}
          </span>
        )}
        <EmojiButton onChoose={editor.insert} />
        <button type="submit" className={styles.send} aria-label="Send" title="Send" disabled={!canSend(text)}>
          <Icon name="send" size={18} />
        </button>
      </div>
      <span className="sr-only" role="status">
        {completion.open && `${countOf(completion.options)}. Choose with the up and down keys, accept with Enter.`}
      </span>
      <span id="composer-hint" className="sr-only">
        {editor.enterSends ? 'Enter sends. Shift+Enter inserts a line break, in a code block Enter does.' : 'Enter inserts a line break, the button sends.'} In an empty box the
        up key edits your last message.
      </span>
    </form>
  );
}

function countOf(options: readonly Option[]): string {
  if (options[0]?.kind === 'emoji') return `${options.length} emoji`;
  return `${options.length === 1 ? 'One person' : `${options.length} people`} to mention`;
}
