import { createContext, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, use, useId } from 'react';
import type { FieldErrors } from './fieldErrors';
import { PasswordInput } from './PasswordInput';

/** The errors of the fields of a form, by the names of the fields. */
export const FieldErrorsContext = createContext<FieldErrors>(new Map());

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  name: string;
  hint?: ReactNode;
}

/** A text field with its label, and a hint or its error. A password can be shown. */
export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  const error = useFieldError(input.name, input.value);
  const described = { id, ...input, ...errorProps(id, error, hint) };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {input.type === 'password' ? <PasswordInput label={label} {...described} /> : <input {...described} />}
      <FieldNote id={id} error={error} hint={hint} />
    </div>
  );
}

interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  label: string;
  name: string;
  /** Pairs of value and label. */
  options: readonly (readonly [string, string])[];
  hint?: ReactNode;
}

/** A list of values with its label, and a hint or its error. */
export function Select({ label, options, hint, ...select }: SelectProps) {
  const id = useId();
  const error = useFieldError(select.name, select.value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} {...select} {...errorProps(id, error, hint)}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <FieldNote id={id} error={error} hint={hint} />
    </div>
  );
}

/** Returns the error of a field. A field whose value was changed by the program no longer has it. */
export function useFieldError(name: string, value?: unknown): string | undefined {
  const error = use(FieldErrorsContext).get(name);
  return value === undefined || value === error?.value ? error?.message : undefined;
}

function errorProps(id: string, error: string | undefined, hint?: ReactNode) {
  return { 'aria-invalid': error ? true : undefined, 'aria-describedby': error || hint ? `${id}-note` : undefined };
}

function FieldNote({ id, error, hint }: { id: string; error: string | undefined; hint: ReactNode }) {
  if (!error && !hint) return null;
  // Another element for an error: an alert is read out when it is added.
  return error ? (
    <p key="error" id={`${id}-note`} className="field-error" role="alert">
      {error}
    </p>
  ) : (
    <p key="hint" id={`${id}-note`} className="field-hint">
      {hint}
    </p>
  );
}
