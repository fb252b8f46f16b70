import { useId, useMemo } from 'react';
import { zoneGroups } from '../../state/timeZones';

interface TimeZoneFieldProps {
  /** An IANA name, or '' for none. */
  value: string;
  onChange: (zone: string) => void;
  error?: string | undefined;
}

/** The time zone in which others see this user's local time. */
export function TimeZoneField({ value, onChange, error }: TimeZoneFieldProps) {
  const id = useId();
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const groups = useMemo(() => zoneGroups(value), [value]);
  return (
    <div className="field">
      <label htmlFor={id}>Time zone</label>
      <select id={id} value={value} aria-invalid={error ? true : undefined} aria-describedby={`${id}-note`} onChange={(event) => onChange(event.target.value)}>
        <option value="">Not shown</option>
        {here && <option value={here}>This device: {labelOf(here)}</option>}
        {groups.map(([region, zones]) => (
          <optgroup key={region} label={region}>
            {zones.filter((zone) => zone !== here).map((zone) => (
              <option key={zone} value={zone}>
                {labelOf(zone)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <p id={`${id}-note`} className={error ? 'field-error' : 'field-hint'}>
        {error ?? 'Others see your local time.'}
      </p>
    </div>
  );
}

function labelOf(zone: string): string {
  return zone.replaceAll('_', ' ');
}
