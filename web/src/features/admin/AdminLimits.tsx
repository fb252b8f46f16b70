import { useEffect, useState } from 'react';
import { useOnline } from '../../hooks/useChatState';
import { useAction } from '../../hooks/useAction';
import { useStore } from '../../hooks/useStore';
import type { LimitsView } from '../../protocol/types';
import type { Administration } from '../../state/admin/administration';
import { parseLimits, type LimitField, limitFields, type LimitTexts, formatLimit, formatLimits } from '../../state/admin/limits';
import { EmptyState, Skeleton } from '../../ui/EmptyState';
import { Field } from '../../ui/Field';
import { Form } from '../../ui/Form';
import adminStyles from './Admin.module.css';
import styles from './AdminLimits.module.css';

/** The limits, which apply on all nodes. */
export function AdminLimits({ administration }: { administration: Administration }) {
  const online = useOnline();
  const state = useStore(administration.limits.state);

  useEffect(() => {
    void administration.limits.refresh();
  }, [administration, online]);

  switch (state.kind) {
    case 'loading':
      return <Skeleton label="Loading limits" rows={7} />;
    case 'failed':
      return (
        <EmptyState icon="alert" title={online ? 'The limits could not be loaded' : 'You are offline'} action={{ label: 'Try again', run: () => void administration.limits.refresh() }}>
          {online ? state.reason : 'They load when you are connected.'}
        </EmptyState>
      );
    case 'ready':
      return (
        <>
          <p className={adminStyles.lead}>Limits apply on all nodes a few seconds after they are saved. A limit that is not set here comes from the environment of the server.</p>
          <LimitsForm administration={administration} view={state.value} />
        </>
      );
  }
}

function LimitsForm({ administration, view }: { administration: Administration; view: LimitsView }) {
  const online = useOnline();
  const [action, run] = useAction();
  // Edits stay if the limits change in the meantime.
  const [edits, setEdits] = useState<Partial<LimitTexts>>({});
  const [saved, setSaved] = useState(false);
  const texts = { ...formatLimits(view.limits), ...edits };
  const { patch, errors } = parseLimits(texts, view);
  const changed = Object.keys(patch).length > 0 || Object.keys(errors).length > 0;

  function edit({ name }: LimitField, text: string) {
    setSaved(false);
    setEdits({ ...edits, [name]: text });
  }

  function reset(isSaved: boolean) {
    setEdits({});
    setSaved(isSaved);
  }

  function submit() {
    void run(async () => {
      await administration.updateLimits(patch);
      reset(true);
    });
  }

  return (
    <Form className={styles.limits} action={action} onSubmit={submit} invalid={errors}>
      <div className={styles.fields}>
        {limitFields.map((field) => (
          <Field
            key={field.name}
            label={field.label}
            name={field.name}
            inputMode={field.unit === undefined ? 'numeric' : 'decimal'}
            autoComplete="off"
            value={texts[field.name]}
            placeholder={formatLimit(field, view.standard)}
            onChange={(event) => edit(field, event.target.value)}
            hint={<Source field={field} view={view} text={texts[field.name]} onStandard={() => edit(field, formatLimit(field, view.standard))} />}
          />
        ))}
      </div>
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
          {action.kind === 'busy' ? 'Saving…' : 'Save limits'}
        </button>
      </div>
    </Form>
  );
}

/** The source of a value, with a button that restores the value of the environment. */
function Source({ field, view, text, onStandard }: { field: LimitField; view: LimitsView; text: string; onStandard: () => void }) {
  const standard = formatLimit(field, view.standard);
  if (text.trim() === standard || text.trim() === '') return <>From the environment: {standard}</>;
  return (
    <>
      {text.trim() === formatLimit(field, view.limits) ? 'Set here.' : 'Not saved yet.'}{' '}
      <button type="button" className="link" aria-label={`${field.label}: take ${standard}, as the environment says`} onClick={onStandard}>
        Take {standard} instead
      </button>
    </>
  );
}
