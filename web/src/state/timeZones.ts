/** Returns the time zones of this browser by region, and the chosen one, which another browser may have offered. */
export function zoneGroups(chosen: string): [string, string[]][] {
  const supported = 'supportedValuesOf' in Intl ? Intl.supportedValuesOf('timeZone') : [];
  const groups = new Map<string, string[]>();
  for (const zone of new Set([...supported, ...(chosen === '' ? [] : [chosen])])) {
    const region = zone.includes('/') ? zone.slice(0, zone.indexOf('/')) : 'Other';
    groups.set(region, [...(groups.get(region) ?? []), zone]);
  }
  return [...groups];
}
