import type { Setting } from '../../protocol/types';
import { fieldOf, formatSetting, isSelected, standardOf, wordOf } from '../../state/admin/settings';
import { Field, Select } from '../../ui/Field';

interface SettingFieldProps {
  setting: Setting;
  /** The text of the form. */
  text: string;
  onEdit: (text: string) => void;
}

/** The field of a setting, with where its value comes from. */
export function SettingField({ setting, text, onEdit }: SettingFieldProps) {
  const name = fieldOf(setting.name);
  if (isSelected(setting)) {
    const values = setting.type === 'boolean' ? ['true', 'false'] : (setting.choices ?? []);
    const standard = `${setting.environment === undefined ? 'Default' : 'From the environment'}: ${wordOf(setting, standardOf(setting))}`;
    const options = [['', standard] as const, ...values.map((value) => [value, wordOf(setting, value)] as const)];
    return <Select label={setting.label} name={name} options={options} value={text} onChange={(event) => onEdit(event.target.value)} hint={setting.description} />;
  }
  const isNumber = setting.type === 'number' || setting.type === 'size';
  return (
    <Field
      label={setting.label}
      name={name}
      inputMode={setting.type === 'number' ? 'numeric' : setting.type === 'size' ? 'decimal' : undefined}
      maxLength={isNumber ? undefined : setting.maximum}
      autoComplete="off"
      value={text}
      placeholder={standardOf(setting)}
      onChange={(event) => onEdit(event.target.value)}
      hint={
        <>
          {!isNumber && `${setting.description} `}
          <Source setting={setting} text={text.trim()} onStandard={() => onEdit(standardOf(setting))} />
        </>
      }
    />
  );
}

/** The source of a value, with a button that restores the value of the server. */
function Source({ setting, text, onStandard }: { setting: Setting; text: string; onStandard: () => void }) {
  const standard = standardOf(setting);
  if (text === standard || text === '') return <>{setting.environment === undefined ? 'Default' : 'From the environment'}: {standard}</>;
  return (
    <>
      {text === formatSetting(setting) ? 'Set here.' : 'Not saved yet.'}{' '}
      <button type="button" className="link" aria-label={`${setting.label}: take ${standard} instead`} onClick={onStandard}>
        Take {standard} instead
      </button>
    </>
  );
}
