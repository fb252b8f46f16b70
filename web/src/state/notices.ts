import { Store } from './store';

export interface Notice {
  id: number;
  text: string;
}

const SHOWN_MS = 7_000;

/** Notices are short words to the user that go by themselves. */
export class Notices {
  readonly shown = new Store<readonly Notice[]>([]);
  #next = 1;

  say(text: string): void {
    const notice = { id: this.#next++, text };
    this.shown.update((shown) => [...shown, notice]);
    setTimeout(() => this.dismiss(notice.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.shown.update((shown) => shown.filter((notice) => notice.id !== id));
  }
}
