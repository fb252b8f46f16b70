import { CopyField } from './CopyField';

interface SecretFieldProps {
  label: string;
  value: string;
  /** What the user does with the value next. */
  nextStep: string;
}

/** A secret that is shown only once, with a button that copies it. */
export function SecretField({ label, value, nextStep }: SecretFieldProps) {
  return <CopyField label={label} value={value} note="Copy it now: it is not shown again." copiedNote={nextStep} focus />;
}
