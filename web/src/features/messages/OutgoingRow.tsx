import { useChat } from '../../hooks/context';
import { useMe, useOnline, useReadOnlyReason } from '../../hooks/useChatState';
import { isEmojiOnly } from '../../state/emoji';
import { isUploading } from '../../state/outbox/outbox';
import type { RoomSession } from '../../state/room/session';
import type { Outgoing } from '../../state/room/timeline';
import { Html } from '../../ui/Html';
import { Icon } from '../../ui/Icon';
import { OutgoingFiles } from '../files/OutgoingFiles';
import { Quote } from './Quote';
import { Byline, MessageGutter } from './Byline';
import { usePreview } from './usePreview';
import { classNames } from '../../ui/classNames';
import styles from './MessageRow.module.css';

interface OutgoingRowProps {
  itemKey: string;
  session: RoomSession;
  outgoing: Outgoing;
  head: boolean;
}

export function OutgoingRow({ itemKey, session, outgoing, head }: OutgoingRowProps) {
  const me = useMe();
  return (
    <li className={classNames(styles.message, outgoing.kind !== 'confirmed' && styles[outgoing.kind], head && styles.head)} data-key={itemKey}>
      <MessageGutter author={me} date={outgoing.createdAt} head={head} />
      <div className={styles.body}>
        <Byline author={me} date={outgoing.createdAt} head={head} />
        {outgoing.replyTo && <Quote session={session} reply={outgoing.replyTo} />}
        {outgoing.text && <TypedText text={outgoing.text} />}
        {outgoing.files && <OutgoingFiles cid={outgoing.cid} files={outgoing.files} />}
        <Progress session={session} outgoing={outgoing} />
      </div>
    </li>
  );
}

/** The text as it will be shown when the message is stored, so that nothing moves then. */
function TypedText({ text }: { text: string }) {
  const html = usePreview(text);
  if (html === undefined) return <p className={classNames(styles.typed, styles.plain)}>{text}</p>;
  return (
    <div className={styles.typed}>
      <Html html={html} large={isEmojiOnly(text)} />
    </div>
  );
}

function Progress({ session, outgoing }: { session: RoomSession; outgoing: Outgoing }) {
  const chat = useChat();
  const online = useOnline();
  const readOnly = useReadOnlyReason(session.id);
  const muted = online ? readOnly : undefined;
  if (outgoing.kind === 'confirmed') return null;
  if (outgoing.kind === 'pending' && isUploading(outgoing)) {
    return (
      <p className={styles.progress}>
        <Icon name="clock" size={14} /> {online ? 'Uploading…' : 'Queued'}
        <button type="button" className="link" onClick={() => void chat.outbox.discard(outgoing.cid)}>
          Cancel
        </button>
      </p>
    );
  }
  if (outgoing.kind === 'pending') {
    return online ? (
      <p className={classNames(styles.progress, styles.waiting, styles.sending)}>Sending…</p>
    ) : (
      <p className={classNames(styles.progress, styles.waiting)} title="It will be sent when you are connected">
        <Icon name="clock" size={14} /> Queued
      </p>
    );
  }
  return (
    <p className={`${styles.progress} ${styles.notSent}`}>
      <Icon name="alert" size={14} /> <span>Not sent. {outgoing.reason}</span>
      <button type="button" className="link" disabled={muted !== undefined} title={muted} onClick={() => void chat.outbox.retry(outgoing.cid)}>
        Try again
      </button>
      <button type="button" className="link" onClick={() => void chat.outbox.discard(outgoing.cid)}>
        Discard
      </button>
    </p>
  );
}
