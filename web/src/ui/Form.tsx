import { type FormEvent, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import type { ActionState } from '../hooks/useAction';
import { FieldErrorsContext } from './Field';
import { FormError } from './FormError';
import { constraintError, controlsOf, type FieldError, type FieldErrors, type FormControl, serverErrors } from './fieldErrors';

interface FormProps {
  /** The state of what onSubmit started: its error is shown at its field, or above the fields. */
  action: ActionState;
  /** Called when all fields are valid. */
  onSubmit: (data: FormData, form: HTMLFormElement) => void;
  /** The errors of the present values beyond the attributes of the fields, by the names of the fields. They are shown when the form is sent. */
  invalid?: Readonly<Partial<Record<string, string>>>;
  className?: string | undefined;
  children: ReactNode;
}

/** What was sent, or was to be sent. */
interface Submission {
  /** The names and values of the fields. */
  values: readonly FieldValue[];
  /** Errors that prevented sending. */
  errors: FieldErrors;
  /** The fields that were changed afterwards. */
  changed: ReadonlySet<string>;
}

type FieldValue = Pick<FormControl, 'name' | 'value'>;

/**
 * A form that shows errors at its fields, in place of the browser's bubbles. The first wrong field gets the
 * focus. An error stays until its field changes or the form is sent again.
 */
export function Form({ action, onSubmit, invalid, className, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [last, setLast] = useState<Submission>({ values: [], errors: new Map(), changed: new Set() });
  const { errors, whole } = last.errors.size > 0 || action.kind !== 'failed' ? { errors: last.errors, whole: undefined } : serverErrors(last.values, action);
  const shown = new Map([...errors].filter(([name]) => !last.changed.has(name)));

  // Each answer of the server focuses the first wrong field.
  const answered = useRef(action);
  useLayoutEffect(() => {
    if (answered.current !== action) focusFirst(form.current, errors);
    answered.current = action;
  }, [action, errors]);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const controls = controlsOf(event.currentTarget);
    const found = new Map<string, FieldError>();
    for (const control of controls) {
      const message = constraintError(control) ?? invalid?.[control.name];
      if (message !== undefined) found.set(control.name, { message, value: control.value });
    }
    setLast({ values: controls.map(({ name, value }) => ({ name, value })), errors: found, changed: new Set() });
    focusFirst(event.currentTarget, found);
    if (found.size === 0) onSubmit(new FormData(event.currentTarget), event.currentTarget);
  }

  function forget(event: FormEvent) {
    const { name } = event.target as FormControl;
    if (errors.has(name)) setLast({ ...last, changed: new Set([...last.changed, name]) });
  }

  return (
    <form ref={form} className={className} noValidate onSubmit={submit} onInput={forget}>
      <FieldErrorsContext value={shown}>
        {whole !== undefined && <FormError>{whole}</FormError>}
        {children}
      </FieldErrorsContext>
    </form>
  );
}

function focusFirst(form: HTMLFormElement | null, errors: FieldErrors): void {
  if (form === null || errors.size === 0) return;
  controlsOf(form)
    .find(({ name }) => errors.has(name))
    ?.focus();
}
