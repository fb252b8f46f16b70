import type { Setting } from '../../protocol/types';

/** The texts of a form by the names of the settings. */
export type SettingTexts = Record<string, string>;

/** Returns the value that is in force if admins set none. */
export function standardOf({ environment, default: value }: Setting): string {
  return environment ?? value;
}

/** Whether the form offers the values of a setting in a list. Its first entry, '', stands for the value of the server. */
export function isSelected({ type }: Setting): boolean {
  return type === 'choice' || type === 'boolean';
}

/** Returns a setting as the form displays it. */
export function formatSetting(setting: Setting): string {
  return isSelected(setting) && setting.source !== 'admin' ? '' : setting.value;
}

export function formatSettings(settings: readonly Setting[]): SettingTexts {
  return Object.fromEntries(settings.map((setting) => [setting.name, formatSetting(setting)]));
}

/** Returns a value of a list for people. */
export function wordOf({ type }: Setting, value: string): string {
  if (type === 'boolean') return value === 'true' ? 'On' : 'Off';
  return value.charAt(0).toUpperCase() + value.slice(1);
}

/** The name of the field of a setting, as errors of the server call it. */
export const fieldOf = (name: string) => `values.${name}`;

export interface SettingsEdit {
  /** The values to set. '' restores the value of the server. */
  values: SettingTexts;
  /** By the names of the fields. */
  errors: Record<string, string>;
}

/** Returns what texts change. An empty text field, or the value of the server, restores the value of the server. */
export function parseSettings(texts: SettingTexts, settings: readonly Setting[]): SettingsEdit {
  const edit: SettingsEdit = { values: {}, errors: {} };
  for (const setting of settings) {
    const text = texts[setting.name]?.trim() ?? '';
    if (text === formatSetting(setting)) continue;
    const error = text === '' ? undefined : errorOf(setting, text);
    const restores = text === '' || (!isSelected(setting) && text === standardOf(setting));
    if (error !== undefined) edit.errors[fieldOf(setting.name)] = error;
    else if (!restores) edit.values[setting.name] = text;
    else if (setting.source === 'admin') edit.values[setting.name] = '';
  }
  return edit;
}

/** Returns what is wrong with a text, if that is certain without the server. */
function errorOf({ type, minimum = 0 }: Setting, text: string): string | undefined {
  if (type === 'size' && !(Number(text) > 0)) return 'Enter a number above 0.';
  if (type === 'number' && !(/^\d+$/.test(text) && Number(text) >= minimum)) return `Enter a whole number of at least ${minimum}.`;
  return undefined;
}

/** Groups settings by area, in their order. */
export function byArea(settings: readonly Setting[]): [area: string, settings: Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) groups.set(setting.area, [...(groups.get(setting.area) ?? []), setting]);
  return [...groups];
}
