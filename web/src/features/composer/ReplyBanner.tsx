import type { Reply } from '../../protocol/types';
import { nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import styles from './Composer.module.css';

/** The message that the draft replies to, with a button that cancels the reply. */
export function ReplyBanner({ id, reply, onCancel }: { id: string; reply: Pick<Reply, 'author' | 'excerpt'>; onCancel: () => void }) {
  return (
    <div className={styles.replying}>
      <Icon name="reply" size={16} />
      <p id={id} className={styles.replyingText}>
        Reply to <bdi className={styles.replyAuthor}>{nameOf(reply.author)}</bdi> <span className={styles.replyingExcerpt} dir="auto">{reply.excerpt}</span>
      </p>
      <button type="button" className="icon-button" aria-label="Cancel reply" title="Cancel reply" onClick={onCancel}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}
