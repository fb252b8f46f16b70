import type { UploadAllowance } from '../../protocol/types';
import type { RestClient } from '../../transport/rest';
import { formatSize } from './files';
import { Store } from '../store';

/** UploadAllowanceState is how much the user may still upload today. It is undefined until the first response. */
export class UploadAllowanceState {
  readonly state = new Store<UploadAllowance | undefined>(undefined);
  #rest: RestClient;

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** Keeps the last value if the server cannot be reached or has an older version. */
  async load(): Promise<void> {
    try {
      this.state.set(await this.#rest.getUploadAllowance());
    } catch {
      return;
    }
  }
}

/** A sentence about the uploads of today: "You have uploaded 12 MB of 500 MB today." */
export function describeAllowance({ bytesToday, bytesPerDay }: UploadAllowance): string {
  if (bytesToday >= bytesPerDay) return `You have reached your limit of ${formatSize(bytesPerDay)} for uploads today. You can upload again after 0:00 UTC.`;
  return `You have uploaded ${formatSize(bytesToday)} of ${formatSize(bytesPerDay)} today.`;
}
