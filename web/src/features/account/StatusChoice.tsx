import { useChat } from '../../hooks/context';
import { useOnline, useOwnStatus } from '../../hooks/useChatState';
import type { OwnStatus } from '../../protocol/types';
import { ownStatuses } from '../../state/local/status';
import { classNames } from '../../ui/classNames';
import styles from './StatusChoice.module.css';

const words: Record<OwnStatus, string> = { online: 'Online', away: 'Away', busy: 'Busy' };

export function StatusChoice() {
  const chat = useChat();
  const status = useOwnStatus();
  const online = useOnline();
  return (
    <fieldset className={styles.choice}>
      <legend>How others see you</legend>
      <div className={styles.options}>
        {ownStatuses.map((one) => (
          <label key={one} className={styles.option}>
            <input type="radio" name="status" value={one} checked={one === status} onChange={() => chat.profile.setStatus(one)} />
            <span className={classNames(styles.dot, styles[one])} aria-hidden="true" />
            {words[one]}
          </label>
        ))}
      </div>
      {!online && <p className="field-hint">Others see it when you are connected.</p>}
    </fieldset>
  );
}
