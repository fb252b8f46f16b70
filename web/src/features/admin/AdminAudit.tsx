import { useEffect } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useStore } from '../../hooks/useStore';
import type { AuditEntry } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { sentenceOf } from '../../state/admin/audit';
import { Avatar } from '../../ui/Avatar';
import { dayOf, timeOf, fullDate } from '../../ui/dates';
import { EmptyState } from '../../ui/EmptyState';
import { Pager } from '../../ui/Pager';
import { RoomSign } from '../../ui/RoomSign';
import styles from './AdminAudit.module.css';
import { displayedItems } from '../../state/pagedResource';

/** The audit log. */
export function AdminAudit({ administration: { auditLog: audit } }: { administration: Administration }) {
  const online = useOnline();
  const state = useStore(audit.state);

  useEffect(() => {
    void audit.query(undefined);
  }, [audit, online]);

  return (
    <Pager
      pages={audit}
      state={state}
      of="entries"
      moreLabel="Show older ones"
      avatars
      empty={
        <EmptyState icon="shield" title="No entries yet">
          Actions of admins, owners and moderators appear here.
        </EmptyState>
      }
      onRetry={() => void audit.query(undefined)}
    >
      {(record, at) => {
        const day = dayOf(record.at);
        const before = displayedItems(state).items[at - 1];
        return (
          <li key={record.id}>
            {(before === undefined || dayOf(before.at) !== day) && <h2 className={styles.day}>{day}</h2>}
            <Entry record={record} />
          </li>
        );
      }}
    </Pager>
  );
}

function Entry({ record }: { record: AuditEntry }) {
  const { actor, at, detail } = record;
  return (
    <div className="row">
      {actor ? (
        <Avatar person={actor} size="s" />
      ) : (
        <RoomSign icon="sliders" small />
      )}
      <div className="row-text">
        <p className={styles.action}>
          {sentenceOf(record).map(({ text, isName }, i) => (isName ? <b key={i}>{text}</b> : text))}
        </p>
        {detail && <p className="row-facts">{detail}</p>}
      </div>
      <time className="row-facts" dateTime={at} title={fullDate(at)}>
        {timeOf(at)}
      </time>
    </div>
  );
}
