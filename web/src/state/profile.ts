import type { OwnStatus, User } from '../protocol/types';
import type { AccountCredentials, ProfilePatch, RestClient } from '../transport/rest';
import type { ChatSocket } from '../transport/socket';
import { loadStatus, saveStatus } from './local/status';
import type { Tabs } from './local/tabs';
import { Sessions } from './sessions';
import { Store } from './store';

export interface ProfileOptions {
  user: User;
  rest: RestClient;
  socket: ChatSocket;
  tabs: Tabs;
  /** The server returned a changed user. */
  onUser(user: User): void;
}

/** Profile is the signed-in user: name, avatar, status, password and sessions. */
export class Profile {
  readonly user: Store<User>;
  /** The status that the user chose; all tabs of this browser have the same. */
  readonly status: Store<OwnStatus>;
  readonly sessions: Sessions;
  #options: ProfileOptions;

  constructor(options: ProfileOptions) {
    this.#options = options;
    this.user = new Store(options.user);
    this.status = new Store(loadStatus(options.user.id));
    this.sessions = new Sessions(options.rest);
  }

  get id(): number {
    return this.user.getSnapshot().id;
  }

  /** Applies a change of this user. The status stays: it has its own updates. */
  setUser(user: User): void {
    if (user.id === this.id) this.user.update((me) => ({ ...user, status: me.status }));
  }

  async update(patch: ProfilePatch): Promise<void> {
    this.#options.onUser(await this.#options.rest.updateProfile(patch));
  }

  async setAvatar(picture: Blob): Promise<void> {
    this.#options.onUser(await this.#options.rest.setAvatar(picture));
  }

  async removeAvatar(): Promise<void> {
    await this.#options.rest.removeAvatar();
    this.#options.onUser({ ...this.user.getSnapshot(), avatarUrl: '' });
  }

  /** Turns a guest into a registered account with the same ID. */
  async upgradeGuest(account: AccountCredentials): Promise<void> {
    this.#options.onUser(await this.#options.rest.upgradeGuest(account));
  }

  async changePassword(current: string, password: string): Promise<void> {
    await this.#options.rest.changePassword(current, password);
    await this.sessions.load();
  }

  setStatus(status: OwnStatus): void {
    saveStatus(this.id, status);
    this.#options.tabs.broadcast({ kind: 'status', status });
    this.applyStatus(status);
  }

  /** Applies a status that was chosen in this or another tab. */
  applyStatus(status: OwnStatus): void {
    this.status.set(status);
    this.#options.socket.notify('presence:set', { status });
  }

  /** Sends the status on a new connection. */
  onConnected(user: User): void {
    this.user.set(user);
    const status = this.status.getSnapshot();
    if (status !== 'online') this.#options.socket.notify('presence:set', { status });
  }
}
