import type { OwnStatus } from '../../protocol/types';

export const ownStatuses: readonly OwnStatus[] = ['online', 'away', 'busy'];

const KEY = 'chillin.status';

/** What this user last said, in whichever tab. */
export function loadStatus(userId: number): OwnStatus {
  try {
    const [user, status] = (localStorage.getItem(KEY) ?? '').split(' ');
    return (user === String(userId) && ownStatuses.find((one) => one === status)) || 'online';
  } catch {
    return 'online';
  }
}

export function saveStatus(userId: number, status: OwnStatus): void {
  try {
    localStorage.setItem(KEY, `${userId} ${status}`);
  } catch {
    // Without storage it lasts as long as the page.
  }
}

export function clearStatus(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
