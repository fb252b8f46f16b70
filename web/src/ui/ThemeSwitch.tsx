import { type Theme, useTheme } from '../hooks/useTheme';
import { Icon, type IconName } from './Icon';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const icons: Record<Theme, IconName> = { system: 'auto', light: 'sun', dark: 'moon' };
const names: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };

export function ThemeSwitch() {
  const [theme, choose] = useTheme();
  const label = `Colours: ${names[theme]}. Change to ${names[next[theme]]}.`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => choose(next[theme])}>
      <Icon name={icons[theme]} />
    </button>
  );
}
