import type { OwnStatus } from '../../protocol/types';

export const ownStatuses: readonly OwnStatus[] = ['online', 'away', 'busy'];

const KEY = 'chillin.status';

/** Returns the status that the user last chose in any tab. */
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
    // Without storage the status lasts until the page is closed.
  }
}

export function clearStatus(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There is no storage.
  }
}
