import { decodeUser } from '../protocol/decode';
import type { User } from '../protocol/types';
import { Refused, wordsOf } from '../transport/errors';
import { Rest } from '../transport/rest';
import { Chat } from './chat';
import { Kept } from './local/userStorage';
import { forgetStatus } from './local/status';
import { Store } from './store';
import { openVault, type Vault, vaultName } from './local/database';

export type AccountState =
  | { kind: 'checking' }
  | { kind: 'unreachable'; reason: string }
  /** first: nobody has signed in with this browser yet. */
  | { kind: 'signed-out'; first: boolean; notice?: string }
  | { kind: 'signed-in'; chat: Chat };

const LAST_USER = 'chillin.user';
const BEEN_HERE = 'chillin.been-here';

/** Account knows who uses this browser now. Everything of a user hangs on that user's Chat. */
export class Account {
  readonly state = new Store<AccountState>({ kind: 'checking' });
  readonly rest: Rest;
  #socketUrl: string;
  #vault: Vault | undefined;
  #kept: Kept | undefined;
  #checking = false;
  /** We have asked for the session's end, */
  #going = false;
  /** and heard of it before the answer was here. */
  #heard = false;

  constructor(rest: Rest, socketUrl: string) {
    this.rest = rest;
    this.#socketUrl = socketUrl;
    window.addEventListener('storage', (event) => {
      if (event.key === LAST_USER) void this.#userChangedElsewhere();
    });
  }

  /** Shows the last user's chat at once, where there is one, and asks the server who it is. */
  async start(): Promise<void> {
    const last = lastUser();
    if (last !== undefined) await this.#enter(last);
    await this.check();
  }

  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      await this.#enter(await this.rest.me());
    } catch (error) {
      if (error instanceof Refused && error.code === 'UNAUTHENTICATED') await this.#sessionEnded();
      else if (this.state.getSnapshot().kind !== 'signed-in') this.state.set({ kind: 'unreachable', reason: wordsOf(error) });
    } finally {
      this.#checking = false;
    }
  }

  async login(username: string, password: string): Promise<void> {
    await this.#enter(await this.rest.login(username, password));
  }

  async register(username: string, password: string, displayName?: string): Promise<void> {
    await this.#enter(await this.rest.register(username, password, displayName));
  }

  async guest(displayName?: string): Promise<void> {
    await this.#enter(await this.rest.guest(displayName));
  }

  /** Ends the session and forgets everything of the user, unsent messages too. */
  async logout(): Promise<void> {
    await this.#go(() => this.rest.logout());
  }

  /** Closes the account for good; a guest has no password. */
  async close(password: string | undefined): Promise<void> {
    await this.#go(() => this.rest.closeAccount(password), 'Your account is closed. What you wrote stays, without your name.');
  }

  /** The socket may hear of the end before the answer is here: what ended, and why, the answer tells. */
  async #go(ask: () => Promise<void>, notice?: string): Promise<void> {
    const vault = this.#vault;
    const kept = this.#kept;
    this.#going = true;
    this.#heard = false;
    try {
      await ask();
    } catch (error) {
      this.#going = false;
      if (this.#heard) await this.#sessionEnded();
      throw error;
    }
    this.#going = false;
    this.#leave();
    await vault?.destroy();
    kept?.clear();
    forgetStatus();
    this.state.set({ kind: 'signed-out', first: false, ...(notice === undefined ? {} : { notice }) });
  }

  async #enter(user: User): Promise<void> {
    const present = this.#chat();
    if (present !== undefined && vaultName(present.user.getSnapshot()) === vaultName(user)) {
      present.user.set(user);
      rememberUser(user);
      return;
    }
    this.#leave();
    const vault = await openVault(vaultName(user));
    const kept = new Kept(vaultName(user));
    this.#vault = vault;
    this.#kept = kept;
    rememberUser(user);
    const chat = new Chat({
      user,
      rest: this.rest,
      vault,
      kept,
      socket: { url: this.#socketUrl },
      hooks: {
        ended: () => void this.#sessionEnded(),
        refused: () => void this.check(),
        otherUser: (other) => void this.#enter(other),
      },
    });
    await chat.start();
    this.state.set({ kind: 'signed-in', chat });
  }

  #chat(): Chat | undefined {
    const state = this.state.getSnapshot();
    return state.kind === 'signed-in' ? state.chat : undefined;
  }

  /** What was read is forgotten; what is unsent waits for the same user. */
  async #sessionEnded(): Promise<void> {
    if (this.#going) {
      this.#heard = true;
      return;
    }
    const wasIn = this.#chat() !== undefined;
    const vault = this.#vault;
    this.#leave();
    const notice = wasIn ? { notice: 'Your session has ended. Please sign in again.' } : {};
    this.state.set({ kind: 'signed-out', first: !somebodyWasHere(), ...notice });
    await vault?.forgetRooms().catch(() => undefined);
    vault?.close();
  }

  #leave(): void {
    this.#chat()?.stop();
    this.#vault = undefined;
    this.#kept = undefined;
    rememberUser(undefined);
  }

  /** Another tab signed in or out. */
  async #userChangedElsewhere(): Promise<void> {
    const user = lastUser();
    const present = this.#chat()?.user.getSnapshot();
    if (user?.id === present?.id) return;
    if (user !== undefined) await this.#enter(user);
    else await this.check();
  }
}

function lastUser(): User | undefined {
  try {
    const kept = localStorage.getItem(LAST_USER);
    return kept === null ? undefined : decodeUser(JSON.parse(kept), LAST_USER);
  } catch {
    return undefined;
  }
}

function rememberUser(user: User | undefined): void {
  try {
    if (user === undefined) localStorage.removeItem(LAST_USER);
    else {
      localStorage.setItem(LAST_USER, JSON.stringify(user));
      localStorage.setItem(BEEN_HERE, 'yes');
    }
  } catch {
    // Without storage the next page load asks the server first.
  }
}

function somebodyWasHere(): boolean {
  try {
    return localStorage.getItem(BEEN_HERE) !== null;
  } catch {
    return false;
  }
}
