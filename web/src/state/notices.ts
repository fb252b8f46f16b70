import { Store } from './store';

export interface Notice {
  id: number;
  text: string;
}

const VISIBLE_MS = 7_000;

/** Notices is the list of short messages to the user. Each disappears after VISIBLE_MS. */
export class Notices {
  readonly visible = new Store<readonly Notice[]>([]);
  #next = 1;

  show(text: string): void {
    const notice = { id: this.#next++, text };
    this.visible.update((shown) => [...shown, notice]);
    setTimeout(() => this.dismiss(notice.id), VISIBLE_MS);
  }

  dismiss(id: number): void {
    this.visible.update((shown) => shown.filter((notice) => notice.id !== id));
  }
}
