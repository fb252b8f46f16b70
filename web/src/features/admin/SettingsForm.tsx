import { useState } from 'react';
import { useAction } from '../../hooks/useAction';
import { useOnline } from '../../hooks/useChatState';
import type { Setting } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { byArea, formatSettings, parseSettings, type SettingTexts } from '../../state/admin/settings';
import { Form } from '../../ui/Form';
import { SettingField } from './SettingField';
import styles from './SettingsForm.module.css';

interface SettingsFormProps {
  administration: Administration;
  kind: 'limits' | 'settings';
  settings: readonly Setting[];
}

export function SettingsForm({ administration, kind, settings }: SettingsFormProps) {
  const online = useOnline();
  const [action, run] = useAction();
  // Edits stay if the settings change in the meantime.
  const [edits, setEdits] = useState<SettingTexts>({});
  const [saved, setSaved] = useState(false);
  const texts = { ...formatSettings(settings), ...edits };
  const { values, errors } = parseSettings(texts, settings);
  const changed = Object.keys(values).length > 0 || Object.keys(errors).length > 0;
  const groups = byArea(settings);

  function edit({ name }: Setting, text: string) {
    setSaved(false);
    setEdits({ ...edits, [name]: text });
  }

  function reset(isSaved: boolean) {
    setEdits({});
    setSaved(isSaved);
  }

  function submit() {
    void run(async () => {
      await administration.updateSettings(values);
      reset(true);
    });
  }

  return (
    <Form className={styles.form} action={action} onSubmit={submit} invalid={errors}>
      {groups.map(([area, group]) => (
        <section key={area} className={styles.group} aria-label={area}>
          {groups.length > 1 && <h2>{area}</h2>}
          <div className={styles.fields}>
            {group.map((setting) => (
              <SettingField key={setting.name} setting={setting} text={texts[setting.name] ?? ''} onEdit={(text) => edit(setting, text)} />
            ))}
          </div>
        </section>
      ))}
      {!online && <p className="form-warning">You are not connected. This needs the server.</p>}
      <div className={styles.end}>
        <p className="field-hint" role="status">
          {saved && 'Saved.'}
        </p>
        {changed && (
          <button type="button" className="button" disabled={action.kind === 'busy'} onClick={() => reset(false)}>
            Undo
          </button>
        )}
        <button type="submit" className="button primary" disabled={!online || !changed || action.kind === 'busy'}>
          {action.kind === 'busy' ? 'Saving…' : `Save ${kind}`}
        </button>
      </div>
    </Form>
  );
}
