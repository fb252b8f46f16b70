import { useId, useRef, useState } from 'react';
import { useChat } from '../../hooks/context';
import { useStore } from '../../hooks/useStore';
import type { SearchFilters } from '../../state/search';
import { nameOf } from '../../ui/Avatar';
import { Icon } from '../../ui/Icon';
import { AuthorPicker } from './AuthorPicker';
import styles from './SearchFilters.module.css';

/** The filters of the search: the active ones as chips, and the form that sets them. */
export function SearchFiltersBar({ roomId }: { roomId: number | undefined }) {
  const chat = useChat();
  const filters = useStore(chat.search.filters);
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const formId = useId();

  function change(changed: { [K in keyof SearchFilters]: SearchFilters[K] | undefined }) {
    const next = { ...filters, ...changed };
    chat.search.filters.set(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined && value !== '')));
  }

  function remove(name: keyof SearchFilters) {
    change({ [name]: undefined });
    toggle.current?.focus(); // the chip that had the focus is removed
  }

  return (
    <div className={styles.filters}>
      <div className={styles.bar}>
        <button ref={toggle} type="button" className="button" aria-expanded={open} aria-controls={formId} onClick={() => setOpen(!open)}>
          Filters
        </button>
        {filters.author && <Chip label={`From ${nameOf(filters.author)}`} onRemove={() => remove('author')} />}
        {filters.since && <Chip label={`Since ${shownDay(filters.since)}`} onRemove={() => remove('since')} />}
        {filters.until && <Chip label={`Until ${shownDay(filters.until)}`} onRemove={() => remove('until')} />}
      </div>
      <fieldset id={formId} className={styles.form} hidden={!open}>
        <legend className="sr-only">Filters</legend>
        {open && <AuthorPicker roomId={roomId} onPick={(author) => change({ author })} />}
        <DayField label="Since" day={filters.since} onChange={(since) => change({ since })} />
        <DayField label="Until" day={filters.until} onChange={(until) => change({ until })} />
      </fieldset>
    </div>
  );
}

function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <button type="button" className={styles.chip} aria-label={`${label}, remove filter`} onClick={onRemove}>
      <span dir="auto">{label}</span> <Icon name="close" size={14} />
    </button>
  );
}

function DayField({ label, day, onChange }: { label: string; day: string | undefined; onChange: (day: string | undefined) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="date" value={day ?? ''} onChange={(event) => onChange(event.target.value || undefined)} />
    </div>
  );
}

function shownDay(day: string): string {
  return new Date(`${day}T12:00`).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}
