import { useId, useMemo } from 'react';
import { zoneGroups } from '../../state/timeZones';
import { useFieldError } from '../../ui/Field';

interface TimeZoneFieldProps {
  /** An IANA name, or '' for none. */
  value: string;
  onChange: (zone: string) => void;
}

/** The time zone in which others see this user's local time. */
export function TimeZoneField({ value, onChange }: TimeZoneFieldProps) {
  const id = useId();
  const error = useFieldError('timeZone', value);
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const groups = useMemo(() => zoneGroups(value), [value]);
  return (
    <div className="field">
      <label htmlFor={id}>Time zone</label>
      <select id={id} name="timeZone" value={value} aria-invalid={error ? true : undefined} aria-describedby={`${id}-note`} onChange={(event) => onChange(event.target.value)}>
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
      <p id={`${id}-note`} className={error ? 'field-error' : 'field-hint'} role={error ? 'alert' : undefined}>
        {error ?? 'Others see your local time.'}
      </p>
    </div>
  );
}

function labelOf(zone: string): string {
  return zone.replaceAll('_', ' ');
}
