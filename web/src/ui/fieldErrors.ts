import type { ErrorCode } from '../protocol/types';

/** The elements that a form validates. */
export type FormControl = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** An error of a field, and the value that it is about. */
export interface FieldError {
  message: string;
  value: string;
}

export type FieldErrors = ReadonlyMap<string, FieldError>;

/** The fields that an error without a field may be about: the first that the form has. */
const fieldsOfCodes: Partial<Record<ErrorCode, readonly string[]>> = {
  USERNAME_TAKEN: ['username'],
  EMAIL_TAKEN: ['email'],
  ROOM_NAME_TAKEN: ['name'],
  WRONG_PASSWORD: ['current', 'password'],
  PASSWORD_REQUIRED: ['password'],
};

/** Returns the named, enabled controls of a form in their order. */
export function controlsOf(form: HTMLFormElement): FormControl[] {
  return [...form.querySelectorAll<FormControl>('input, select, textarea')].filter((control) => control.name !== '' && !control.disabled);
}

/** Returns what the attributes of a control (required, minlength, type) demand of its value, or undefined if the value is valid. */
export function constraintError(control: FormControl): string | undefined {
  const { value, type, required } = control;
  // Only a password may consist of spaces.
  const empty = type === 'password' ? value === '' : value.trim() === '';
  if (empty) return required ? `Enter the ${inSentence(labelOf(control))}.` : undefined;
  const least = control instanceof HTMLInputElement ? control.minLength : -1;
  if ([...value].length < least) return `Use at least ${least} characters.`;
  if (type === 'email' && !/^\s*[^\s@]+@[^\s@]+\s*$/.test(value)) return 'Enter an email address, such as name@example.org.';
  if (type === 'url' && !/^https?:\/\/\S/i.test(value.trim())) return 'Enter a URL that starts with https:// or http://.';
  return undefined;
}

/** Divides an error of the server into errors of fields and the text for the whole form, which is undefined if a field shows it. */
export function serverErrors(
  controls: readonly Pick<FormControl, 'name' | 'value'>[],
  { reason, code, fields = [] }: { reason: string; code?: ErrorCode; fields?: readonly { field: string; message: string }[] },
): { errors: FieldErrors; whole: string | undefined } {
  const errors = new Map<string, FieldError>();
  const add = (name: string, message: string) => {
    const control = controls.find((one) => one.name === name);
    if (control !== undefined && !errors.has(name)) errors.set(name, { message, value: control.value });
    return control !== undefined;
  };
  const elsewhere = fields.filter(({ field, message }) => !add(field, message));
  if (fields.length === 0) fieldsOfCodes[code ?? 'INTERNAL']?.some((name) => add(name, reason));
  const shown = errors.size > 0 && elsewhere.length === 0;
  return { errors, whole: shown ? undefined : errors.size > 0 ? elsewhere.map(({ message }) => message).join(' ') : reason };
}

function labelOf(control: FormControl): string {
  return control.labels?.[0]?.textContent.trim() || control.name;
}

/** Returns a label as it is written within a sentence: an abbreviation stays. */
function inSentence(label: string): string {
  return /^\p{Lu}(?!\p{Lu})/u.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label;
}
