import { type KeyboardEvent, useEffect, useRef } from 'react';
import { isComposing } from '../../hooks/composition';
import { NOT_CONNECTED, useLimits, useReadOnlyReason } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useEnterSends } from '../../hooks/useEnterKey';
import { useFittingHeight } from '../../hooks/useFittingHeight';
import { useNativeText } from '../../hooks/useNativeText';
import type { Message } from '../../protocol/types';
import type { Editing } from '../../state/room/draft';
import type { RoomSession } from '../../state/room/session';
import { ActionError } from '../../ui/ActionError';
import styles from './MessageEditor.module.css';

/** Edits an own message in place. */
export function MessageEditor({ session, message, editing }: { session: RoomSession; message: Message; editing: Editing }) {
  const readOnly = useReadOnlyReason(session.id);
  const { maxMessageLength } = useLimits();
  const [action, run] = useAction();
  const input = useRef<HTMLTextAreaElement>(null);
  const enterSends = useEnterSends();
  const { text } = editing;
  const over = Array.from(text.trim()).length - maxMessageLength;
  const busy = action.kind === 'busy';
  const nothing = text.trim() === '' && message.attachments.length === 0;
  const savable = readOnly === undefined && !busy && !nothing && over <= 0;

  useEffect(() => {
    const before = document.activeElement;
    const area = input.current;
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  useNativeText(input, text);
  useFittingHeight(input, text);

  const cancel = () => session.draft.editing.set(undefined);

  function save() {
    if (text.trim() === message.text) return cancel();
    if (!savable) return undefined;
    return void run(async () => {
      await session.edit(message.id, text.trim());
      cancel();
    });
  }

  function handleKeyDown(event: KeyboardEvent) {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === 'Enter' && ((enterSends && !event.shiftKey) || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      cancel();
    }
  }

  return (
    <div className={styles.editor}>
      <textarea
        ref={input}
        rows={1}
        dir="auto"
        readOnly={busy}
        aria-label="Edit your message"
        aria-describedby={`editor-${message.id}`}
        onChange={(event) => session.draft.editing.set({ messageId: message.id, text: event.target.value })}
        onKeyDown={handleKeyDown}
      />
      <div className={styles.foot}>
        <p id={`editor-${message.id}`} className={styles.note}>
          {noteFor(readOnly, nothing, over, enterSends)}
        </p>
        <button type="button" className="link" onClick={cancel}>
          Cancel
        </button>
        <button type="button" className="link" disabled={!savable} onClick={save}>
          {busy ? 'Saving…' : 'Save'}
        </button>
      </div>
      <ActionError action={action} prefix="Not saved." />
    </div>
  );
}

function noteFor(readOnly: string | undefined, nothing: boolean, over: number, enterSends: boolean): string {
  if (readOnly === NOT_CONNECTED) return 'Not connected. You can save your edit when you are connected.';
  if (readOnly !== undefined) return `${readOnly}. You can save your edit afterwards.`;
  if (over > 0) return `${over} too many`;
  if (nothing) return 'A message cannot be empty. Delete it instead.';
  return enterSends ? 'Enter saves, Escape cancels' : '';
}
