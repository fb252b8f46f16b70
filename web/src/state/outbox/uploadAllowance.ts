import type { UploadAllowance } from '../../protocol/types';
import type { Rest } from '../../transport/rest';
import { sizeOf } from './files';
import { Store } from '../store';

/** UploadAllowances knows how much the user may still upload today. It is undefined until the server has answered. */
export class UploadAllowances {
  readonly state = new Store<UploadAllowance | undefined>(undefined);
  #rest: Rest;

  constructor(rest: Rest) {
    this.#rest = rest;
  }

  /** Keeps the last answer if the server cannot be reached, or is of an older version. */
  async load(): Promise<void> {
    try {
      this.state.set(await this.#rest.uploadAllowance());
    } catch {
      return;
    }
  }
}

/** A sentence about the uploads of today: "You have uploaded 12 MB of 500 MB today." */
export function describeAllowance({ bytesToday, bytesPerDay }: UploadAllowance): string {
  if (bytesToday >= bytesPerDay) return `You have reached your limit of ${sizeOf(bytesPerDay)} for uploads today. You can upload again after 0:00 UTC.`;
  return `You have uploaded ${sizeOf(bytesToday)} of ${sizeOf(bytesPerDay)} today.`;
}
