import type { InputHTMLAttributes, RefObject } from 'react';
import { maxSearch } from '../protocol/limits.generated';
import { classNames } from './classNames';
import { Icon } from './Icon';
import styles from './SearchField.module.css';

interface SearchFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
  input?: RefObject<HTMLInputElement | null>;
}

export function SearchField({ label, text, onText, input, className, ...rest }: SearchFieldProps) {
  return (
    <div className={classNames(styles.search, className)}>
      <Icon name="search" />
      <input {...rest} ref={input} type="search" aria-label={label} maxLength={maxSearch} value={text} onChange={(event) => onText(event.target.value)} />
    </div>
  );
}
