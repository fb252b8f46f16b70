import { Icon } from './Icon';

interface SearchFieldProps {
  label: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
}

export function SearchField({ label, placeholder, text, onText }: SearchFieldProps) {
  return (
    <div className="search">
      <Icon name="search" />
      <input type="search" placeholder={placeholder} aria-label={label} maxLength={100} value={text} onChange={(event) => onText(event.target.value)} />
    </div>
  );
}
