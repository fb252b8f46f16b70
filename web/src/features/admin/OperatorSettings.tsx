import type { Setting } from '../../protocol/types';
import { byArea } from '../../state/admin/settings';
import styles from './OperatorSettings.module.css';

/** The settings that only the operator can change, in the environment of the server. */
export function OperatorSettings({ settings }: { settings: readonly Setting[] }) {
  if (settings.length === 0) return null;
  return (
    <details className={styles.operator}>
      <summary>Settings of the operator</summary>
      <p className="field-hint">They come from the environment of the node that sent this page, and need a restart. Secrets are not shown.</p>
      {byArea(settings).map(([area, group]) => (
        <section key={area} aria-label={area}>
          <h2>{area}</h2>
          <dl>
            {group.map(({ name, value, source, description }) => (
              <div key={name}>
                <dt>
                  <code>{name}</code>
                </dt>
                <dd>
                  {value === '' ? <span className={styles.none}>none</span> : <code>{value}</code>}
                  <span className={styles.source}>{source === 'environment' ? 'environment' : 'default'}</span>
                  <p className="field-hint">{description}</p>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </details>
  );
}
