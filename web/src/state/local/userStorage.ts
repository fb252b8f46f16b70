/**
 * Kept holds small things of one user in this browser: written at once, so that no
 * closing of the page is too quick, and told to the user's other tabs. Without
 * storage they last as long as the page.
 */
export class UserStorage {
  #prefix: string;

  constructor(owner: string) {
    this.#prefix = `${owner}.`;
  }

  /** What was kept under the name, as JSON tells it; undefined where there is nothing to be read. */
  get(name: string): unknown {
    try {
      return parseJson(localStorage.getItem(this.#prefix + name));
    } catch {
      return undefined;
    }
  }

  /** undefined removes it. */
  set(name: string, value: unknown): void {
    try {
      if (value === undefined) localStorage.removeItem(this.#prefix + name);
      else localStorage.setItem(this.#prefix + name, JSON.stringify(value));
    } catch {
      // No storage, or no room in it.
    }
  }

  /** Hears what another tab has kept or removed. */
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
      // Nothing was kept.
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
