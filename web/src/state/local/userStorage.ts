/** The name of the invite links, which are deleted when the session ends. */
export const INVITES_KEY = 'invites';

/**
 * UserStorage stores small values of one user in localStorage. Writes are synchronous,
 * so that closing the page loses nothing, and the user's other tabs are notified. If
 * the browser has no storage, nothing is stored.
 */
export class UserStorage {
  #prefix: string;

  constructor(owner: string) {
    this.#prefix = `${owner}.`;
  }

  /** Returns the stored JSON value, or undefined if there is none. */
  get(name: string): unknown {
    try {
      return parseJson(localStorage.getItem(this.#prefix + name));
    } catch {
      return undefined;
    }
  }

  /** Stores a value. undefined removes it. */
  set(name: string, value: unknown): void {
    try {
      if (value === undefined) localStorage.removeItem(this.#prefix + name);
      else localStorage.setItem(this.#prefix + name, JSON.stringify(value));
    } catch {
      // There is no storage, or it is full.
    }
  }

  /** Calls `changed` when another tab stores or removes a value. It returns a function that stops this. */
  watch(changed: (name: string, value: unknown) => void): () => void {
    const onStorage = ({ key, newValue }: StorageEvent) => {
      if (key?.startsWith(this.#prefix)) changed(key.slice(this.#prefix.length), parseJson(newValue));
    };
    window.addEventListener('storage', onStorage);
    return () => window.removeEventListener('storage', onStorage);
  }

  clear(): void {
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith(this.#prefix)) localStorage.removeItem(key);
    } catch {
      // There is no storage.
    }
  }
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
