import type { OwnStatus } from '../../protocol/types';

export const ownStatuses: readonly OwnStatus[] = ['online', 'away', 'busy'];

const KEPT = 'chillin.status';

/** What this user last said, in whichever tab. */
export function keptStatus(userId: number): OwnStatus {
  try {
    const [user, status] = (localStorage.getItem(KEPT) ?? '').split(' ');
    return (user === String(userId) && ownStatuses.find((one) => one === status)) || 'online';
  } catch {
    return 'online';
  }
}

export function keepStatus(userId: number, status: OwnStatus): void {
  try {
    localStorage.setItem(KEPT, `${userId} ${status}`);
  } catch {
    // Without storage it lasts as long as the page.
  }
}

export function forgetStatus(): void {
  try {
    localStorage.removeItem(KEPT);
  } catch {
    // Nothing was kept.
  }
}
