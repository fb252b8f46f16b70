import { useChat } from '../hooks/context';
import { useNotices } from '../hooks/useChatState';
import { Icon } from './Icon';
import styles from './Notices.module.css';

export function Notices() {
  const chat = useChat();
  const notices = useNotices();
  return (
    <div className={styles.notices} role="status">
      {notices.map((notice) => (
        <p key={notice.id} className={styles.notice}>
          {notice.text}
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => chat.notices.dismiss(notice.id)}>
            <Icon name="close" size={16} />
          </button>
        </p>
      ))}
    </div>
  );
}
