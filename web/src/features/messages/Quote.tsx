import { messageHref } from '../../hooks/useRoute';
import { useSelect } from '../../hooks/useStore';
import type { Message, Reply } from '../../protocol/types';
import type { RoomSession } from '../../state/room/session';
import { nameOf } from '../../ui/Avatar';
import styles from './MessageRow.module.css';

/** The quoted message of a reply, as a link to it. */
export function Quote({ session, reply }: { session: RoomSession; reply: Reply }) {
  const href = messageHref(session.id, reply.seq);
  const words = useSelect(session.timeline, ({ messages, blocked }) =>
    blocked.has(reply.author.id) ? undefined : reply.excerpt || wordlessReply(messages.find(({ id }) => id === reply.id)),
  );
  return (
    <a
      className={styles.quote}
      href={href}
      title="Go to this message"
      // The address may be the same as before: then no hashchange follows.
      onClick={() => location.hash === href && void session.history.show(reply.seq)}
    >
      {words === undefined ? (
        'Message from a blocked person'
      ) : (
        <>
          <bdi className={styles.replyAuthor}>{nameOf(reply.author)}</bdi> <bdi>{words}</bdi>
        </>
      )}
    </a>
  );
}

/** The text of a quote without an excerpt: the original has only files or was deleted. */
function wordlessReply(original: Message | undefined): string {
  if (original?.deletedAt !== undefined) return 'This message was deleted.';
  return original?.attachments[0]?.name ?? 'An earlier message';
}
