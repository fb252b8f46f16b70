import { decodeUser } from '../protocol/wire.generated';
import type { User } from '../protocol/types';
import { ApiError, errorMessage } from '../transport/errors';
import { RestClient } from '../transport/rest';
import { Chat } from './chat';
import { INVITES_KEY, UserStorage } from './local/userStorage';
import { clearStatus } from './local/status';
import { Store } from './store';
import { openLocalDatabase, type LocalDatabase, databaseName } from './local/database';

export type AccountState =
  | { kind: 'checking' }
  | { kind: 'unreachable'; reason: string }
  /** `first` is true if this browser has never signed in. */
  | { kind: 'signed-out'; first: boolean; notice?: string }
  | { kind: 'signed-in'; chat: Chat };

const LAST_USER = 'chillin.user';
const BEEN_HERE = 'chillin.been-here';

/** Account is the sign-in state of this browser. A signed-in user's state is in the user's Chat. */
export class Account {
  readonly state = new Store<AccountState>({ kind: 'checking' });
  readonly rest: RestClient;
  #socketUrl: string;
  #db: LocalDatabase | undefined;
  #storage: UserStorage | undefined;
  #checking = false;
  /** A request to end the session is running. */
  #ending = false;
  /** The session ended while that request was running. */
  #endedMeanwhile = false;

  constructor(rest: RestClient, socketUrl: string) {
    this.rest = rest;
    this.#socketUrl = socketUrl;
    window.addEventListener('storage', (event) => {
      if (event.key === LAST_USER) void this.#userChangedElsewhere();
    });
  }

  /** Reports whether this browser has a user who did not sign out. */
  get remembers(): boolean {
    return loadUser() !== undefined;
  }

  /** Shows the chat of the last user immediately, then checks the session with the server. */
  async start(): Promise<void> {
    const last = loadUser();
    if (last !== undefined) await this.#signIn(last);
    await this.check();
  }

  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      await this.#signIn(await this.rest.getCurrentUser());
    } catch (error) {
      if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') await this.#sessionEnded();
      else if (this.state.getSnapshot().kind !== 'signed-in') this.state.set({ kind: 'unreachable', reason: errorMessage(error) });
    } finally {
      this.#checking = false;
    }
  }

  async login(username: string, password: string): Promise<void> {
    await this.#signIn(await this.rest.login(username, password));
  }

  async register(username: string, password: string, displayName?: string): Promise<void> {
    const user = await this.rest.register(username, password, displayName);
    await this.#signIn(user);
    // The first account of a server is its admin.
    if (user.role === 'admin') this.#chat()?.firstRun.begin();
  }

  async createGuest(displayName?: string): Promise<void> {
    await this.#signIn(await this.rest.createGuest(displayName));
  }

  /** Ends the session and deletes the user's local data, including unsent messages. */
  async logout(): Promise<void> {
    await this.#endWith(() => this.rest.logout());
  }

  /** Deletes the account permanently. A guest has no password. */
  async close(password: string | undefined): Promise<void> {
    await this.#endWith(() => this.rest.closeAccount(password), 'Your account is closed. Your messages stay, without your name.');
  }

  /** Ends the session by a request. The socket may report the end before the response arrives; the response decides which notice is displayed. */
  async #endWith(ask: () => Promise<void>, notice?: string): Promise<void> {
    const db = this.#db;
    const storage = this.#storage;
    this.#ending = true;
    this.#endedMeanwhile = false;
    try {
      await ask();
    } catch (error) {
      this.#ending = false;
      if (this.#endedMeanwhile) await this.#sessionEnded();
      throw error;
    }
    this.#ending = false;
    this.#signOut();
    await db?.destroy();
    storage?.clear();
    clearStatus();
    this.state.set({ kind: 'signed-out', first: false, ...(notice === undefined ? {} : { notice }) });
  }

  async #signIn(user: User): Promise<void> {
    const present = this.#chat();
    if (present !== undefined && databaseName(present.profile.user.getSnapshot()) === databaseName(user)) {
      present.profile.user.set(user);
      saveUser(user);
      return;
    }
    this.#signOut();
    const db = await openLocalDatabase(databaseName(user));
    const storage = new UserStorage(databaseName(user));
    this.#db = db;
    this.#storage = storage;
    saveUser(user);
    const chat = new Chat({
      user,
      rest: this.rest,
      db,
      storage,
      socket: { url: this.#socketUrl },
      callbacks: {
        onSessionEnded: () => void this.#sessionEnded(),
        onConnectFailed: () => void this.check(),
        onOtherUser: (other) => void this.#signIn(other),
      },
    });
    await chat.start();
    this.state.set({ kind: 'signed-in', chat });
  }

  #chat(): Chat | undefined {
    const state = this.state.getSnapshot();
    return state.kind === 'signed-in' ? state.chat : undefined;
  }

  /** Deletes cached rooms. Unsent messages stay until the same user signs in again. */
  async #sessionEnded(): Promise<void> {
    if (this.#ending) {
      this.#endedMeanwhile = true;
      return;
    }
    const wasIn = this.#chat() !== undefined;
    const db = this.#db;
    // The links are secrets. Drafts stay.
    this.#storage?.set(INVITES_KEY, undefined);
    this.#signOut();
    const notice = wasIn ? { notice: 'Your session has ended. Please sign in again.' } : {};
    this.state.set({ kind: 'signed-out', first: !hasSignedInBefore(), ...notice });
    await db?.clearRooms().catch(() => undefined);
    db?.close();
  }

  #signOut(): void {
    this.#chat()?.stop();
    this.#db = undefined;
    this.#storage = undefined;
    saveUser(undefined);
  }

  /** Follows a sign-in or sign-out in another tab. */
  async #userChangedElsewhere(): Promise<void> {
    const user = loadUser();
    const present = this.#chat()?.profile.user.getSnapshot();
    if (user?.id === present?.id) return;
    if (user !== undefined) await this.#signIn(user);
    else await this.check();
  }
}

function loadUser(): User | undefined {
  try {
    const stored = localStorage.getItem(LAST_USER);
    return stored === null ? undefined : decodeUser(JSON.parse(stored), LAST_USER);
  } catch {
    return undefined;
  }
}

function saveUser(user: User | undefined): void {
  try {
    if (user === undefined) localStorage.removeItem(LAST_USER);
    else {
      localStorage.setItem(LAST_USER, JSON.stringify(user));
      localStorage.setItem(BEEN_HERE, 'yes');
    }
  } catch {
    // Without storage the next page load waits for the server.
  }
}

function hasSignedInBefore(): boolean {
  try {
    return localStorage.getItem(BEEN_HERE) !== null;
  } catch {
    return false;
  }
}
