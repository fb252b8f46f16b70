import { afterEach, describe, expect, test, vi } from 'vitest';
import type { MessageConfirmed } from '../../protocol/types';
import { message } from '../../test/fixtures';
import { until } from '../../test/until';
import { ApiError, NetworkError } from '../../transport/errors';
import type { OutgoingFile } from './files';
import { type OutboxTransport, Outbox } from './outbox';
import { Store } from '../store';
import type { TabMessage, Tabs } from '../local/tabs';
import { openLocalDatabase, type OutboxEntry, type LocalDatabase } from '../local/database';

const ROOM = 7;

/** Browser simulates what the tabs of one browser share: locks and a channel. */
class Browser {
  #tails = new Map<string, Promise<void>>();
  #tabs: FakeTabs[] = [];

  tab(): FakeTabs {
    const tab = new FakeTabs(this);
    this.#tabs.push(tab);
    return tab;
  }

  broadcast(from: FakeTabs, message: TabMessage): void {
    for (const tab of this.#tabs) if (tab !== from) queueMicrotask(() => tab.listener?.(message));
  }

  alone(name: string, work: () => Promise<void>): Promise<void> {
    const mine = (this.#tails.get(name) ?? Promise.resolve()).then(work);
    this.#tails.set(name, mine.catch(() => undefined));
    return mine;
  }
}

class FakeTabs implements Tabs {
  listener: ((message: TabMessage) => void) | undefined;
  #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  broadcast(message: TabMessage): void {
    this.#browser.broadcast(this, message);
  }

  onMessage(listener: (message: TabMessage) => void): void {
    this.listener = listener;
  }

  withLock(name: string, work: () => Promise<void>): Promise<void> {
    return this.#browser.alone(name, work);
  }

  async isFocused(): Promise<boolean> {
    return false;
  }

  close(): void {}
}

/** A server that sends prepared responses and records requests. */
class FakeServer implements OutboxTransport {
  connected = true;
  sent: string[] = [];
  inFlight = 0;
  mostInFlight = 0;
  uploads: string[] = [];
  take: (file: OutgoingFile, signal: AbortSignal) => Promise<number> = async () => this.uploads.length;
  answer: (entry: OutboxEntry) => Promise<MessageConfirmed> = async (entry) => confirm(entry);

  async upload(file: OutgoingFile, onProgress: (part: number) => void, signal: AbortSignal): Promise<number> {
    this.uploads.push(file.name);
    onProgress(0.5);
    return await this.take(file, signal);
  }

  async send(entry: OutboxEntry): Promise<MessageConfirmed> {
    this.sent.push(entry.text);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      return await this.answer(entry);
    } finally {
      this.inFlight -= 1;
    }
  }
}

function confirm({ cid, roomId }: OutboxEntry): MessageConfirmed {
  const { id, seq, createdAt } = message(1);
  return { cid, roomId, id, seq, createdAt };
}

let vaults = 0;
const freshVault = (): Promise<LocalDatabase> => openLocalDatabase(`outbox-test-${++vaults}`);

function outboxOn(vault: LocalDatabase, carrier: OutboxTransport, tabs: FakeTabs = new Browser().tab()): Outbox {
  const outbox = new Outbox({ db: vault, tabs, transport: carrier, onConfirmed: () => undefined });
  tabs.onMessage(() => void outbox.refresh());
  return outbox;
}

const isEmpty = (entries: readonly OutboxEntry[]) => entries.length === 0;
const states = (outbox: Outbox) => outbox.entries.getSnapshot().map(({ text, state }) => `${text}: ${state.kind}`);

afterEach(() => {
  vi.useRealTimers();
});

describe('outbox', () => {
  test('sends in order, one at a time', async () => {
    const server = new FakeServer();
    const outbox = outboxOn(await freshVault(), server);
    await Promise.all(['one', 'two', 'three'].map((text) => outbox.add(ROOM, { text })));
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['one', 'two', 'three']);
    expect(server.mostInFlight).toBe(1);
  });

  test('stores a message before it is sent', async () => {
    const vault = await freshVault();
    const server = new FakeServer();
    let kept: OutboxEntry[] = [];
    server.answer = async (entry) => {
      kept = await vault.listEntries();
      return confirm(entry);
    };
    const outbox = outboxOn(vault, server);
    await outbox.add(ROOM, { text: 'one' });
    await until(outbox.entries, isEmpty);
    expect(kept.map((entry) => entry.text)).toEqual(['one']);
  });

  test('stores messages while offline and sends them on the next connection', async () => {
    const server = new FakeServer();
    server.connected = false;
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'one' });
    await outbox.add(ROOM, { text: 'two' });
    expect(states(outbox)).toEqual(['one: pending', 'two: pending']);
    expect(server.sent).toEqual([]);
    server.connected = true;
    outbox.flush();
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['one', 'two']);
  });

  test('survives a reload, with its order and cids', async () => {
    const vault = await freshVault();
    const away = new FakeServer();
    away.connected = false;
    const before = outboxOn(vault, away);
    await before.add(ROOM, { text: 'one' });
    await before.add(ROOM, { text: 'two' });
    const cids = before.entries.getSnapshot().map((entry) => entry.cid);
    before.close();

    const server = new FakeServer();
    const seen: string[] = [];
    server.answer = async (entry) => {
      seen.push(entry.cid);
      return confirm(entry);
    };
    const after = outboxOn(vault, server);
    await after.refresh();
    await until(after.entries, isEmpty);
    expect(seen).toEqual(cids);
  });

  test('sends the same cid again if the response was lost', async () => {
    const server = new FakeServer();
    const cids: string[] = [];
    const connection = new Store(true);
    server.answer = async (entry) => {
      cids.push(entry.cid);
      if (cids.length > 1) return confirm(entry);
      server.connected = false;
      connection.set(false);
      throw new NetworkError();
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'one' });
    await until(connection, (there) => !there);
    expect(states(outbox)).toEqual(['one: pending']);
    server.connected = true;
    outbox.flush();
    await until(outbox.entries, isEmpty);
    expect(cids).toHaveLength(2);
    expect(cids[1]).toBe(cids[0]);
  });

  test.each(['UNAVAILABLE', 'RATE_LIMITED'] as const)('waits as long as %s requires and stays pending', async (code) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const server = new FakeServer();
    server.answer = async (entry) => {
      if (server.sent.length === 1) throw new ApiError(code, 'Not now.', { retryAfterMs: 5_000 });
      return confirm(entry);
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'one' });
    await outbox.add(ROOM, { text: 'two' });
    await until(outbox.entries, (entries) => entries[0]?.state.kind === 'pending' && entries[0].state.notBefore > 0);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
    expect(states(outbox)).toEqual(['one: pending', 'two: pending']);
    vi.advanceTimersByTime(4_900);
    expect(server.sent).toEqual(['one']);
    vi.advanceTimersByTime(200);
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['one', 'one', 'two']);
  });

  test('an error fails the message and the next one is sent', async () => {
    const server = new FakeServer();
    server.answer = async (entry) => {
      if (entry.text === 'bad') throw new ApiError('TOO_LONG', 'That is too long.');
      return confirm(entry);
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'bad' });
    await outbox.add(ROOM, { text: 'good' });
    await until(outbox.entries, (entries) => entries.length === 1 && entries[0]?.state.kind === 'failed');
    expect(states(outbox)).toEqual(['bad: failed']);
    expect(server.sent).toEqual(['bad', 'good']);
  });

  test('the user can send a failed message again or discard it', async () => {
    const server = new FakeServer();
    server.answer = async () => {
      throw new ApiError('FORBIDDEN', 'You may not write here.');
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'again' });
    await outbox.add(ROOM, { text: 'away' });
    const failed = await until(outbox.entries, (all) => all.length === 2 && all.every(({ state }) => state.kind === 'failed'));
    await outbox.discard(failed[1]?.cid ?? '');
    server.answer = async (entry) => confirm(entry);
    await outbox.retry(failed[0]?.cid ?? '');
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['again', 'away', 'again']);
  });

  test('a pending message cannot be discarded', async () => {
    const server = new FakeServer();
    server.connected = false;
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, { text: 'one' });
    await outbox.discard(outbox.entries.getSnapshot()[0]?.cid ?? '');
    expect(states(outbox)).toEqual(['one: pending']);
  });

  test('two tabs send each message once', async () => {
    const vault = await freshVault();
    const browser = new Browser();
    const server = new FakeServer();
    const [left, right] = [outboxOn(vault, server, browser.tab()), outboxOn(vault, server, browser.tab())];
    await Promise.all([left.add(ROOM, { text: 'one' }), right.add(ROOM, { text: 'two' }), left.add(ROOM, { text: 'three' })]);
    left.flush();
    right.flush();
    await Promise.all([until(left.entries, isEmpty), until(right.entries, isEmpty)]);
    expect(server.sent.toSorted()).toEqual(['one', 'three', 'two']);
    expect(server.mostInFlight).toBe(1);
  });

  test('a connected tab sends the messages of a disconnected one', async () => {
    const vault = await freshVault();
    const browser = new Browser();
    const away = new FakeServer();
    away.connected = false;
    const server = new FakeServer();
    const [writing, connected] = [outboxOn(vault, away, browser.tab()), outboxOn(vault, server, browser.tab())];
    await writing.add(ROOM, { text: 'one' });
    await until(writing.entries, isEmpty);
    expect(server.sent).toEqual(['one']);
    expect(connected.entries.getSnapshot()).toEqual([]);
  });
});

describe('files', () => {
  const file = (name: string): OutgoingFile => ({ name, type: 'text/plain', size: 4, blob: new Blob(['text']) });
  const album = { text: 'look', files: [file('a'), file('b')] };

  test('are uploaded before the message that contains them', async () => {
    const server = new FakeServer();
    let sent: OutboxEntry | undefined;
    server.answer = async (entry) => confirm((sent = entry));
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, album);
    await until(outbox.entries, isEmpty);
    expect(server.uploads).toEqual(['a', 'b']);
    expect(sent?.files?.map(({ attachment }) => attachment)).toEqual([1, 2]);
    expect(outbox.progress.getSnapshot().size).toBe(0);
  });

  test('are not uploaded again after a reload, and the text stays', async () => {
    const vault = await freshVault();
    const server = new FakeServer();
    server.take = async ({ name }) => {
      if (name === 'b' && server.uploads.length === 2) throw new NetworkError();
      return server.uploads.length;
    };
    const before = outboxOn(vault, server);
    await before.add(ROOM, album);
    await until(before.progress, (progress) => server.uploads.length === 2 && progress.size === 0);
    before.close();
    const after = outboxOn(vault, server);
    await after.refresh();
    await until(after.entries, isEmpty);
    expect(server.uploads).toEqual(['a', 'b', 'b']);
    expect(server.sent).toEqual(['look']);
  });

  test('fail together with the message and can be retried', async () => {
    const server = new FakeServer();
    server.take = async () => {
      throw new ApiError('TOO_LARGE', 'Too large.');
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, album);
    const [failed] = await until(outbox.entries, ([entry]) => entry?.state.kind === 'failed');
    expect(failed?.state).toEqual({ kind: 'failed', reason: 'Too large.' });
    expect(server.sent).toEqual([]);
    server.take = async () => server.uploads.length;
    await outbox.retry(failed?.cid ?? '');
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['look']);
  });

  test('above the quota fail with a reason; the message stays and the next one is sent', async () => {
    const server = new FakeServer();
    server.take = async () => {
      throw new ApiError('QUOTA_EXCEEDED', 'You have reached your limit for uploads today.', { fields: [] });
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, album);
    await outbox.add(ROOM, { text: 'next' });
    await until(outbox.entries, (entries) => entries.length === 1 && entries[0]?.state.kind === 'failed');
    expect(outbox.entries.getSnapshot()[0]).toMatchObject({ text: 'look', state: { kind: 'failed', reason: 'You have reached your limit for uploads today.' } });
    expect(server.sent).toEqual(['next']);
  });

  test('can be discarded during the upload; the next message is sent', async () => {
    const server = new FakeServer();
    server.take = (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new NetworkError())));
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, album);
    await outbox.add(ROOM, { text: 'next' });
    await until(outbox.progress, (progress) => progress.size === 1);
    await outbox.discard(outbox.entries.getSnapshot()[0]?.cid ?? '');
    await until(outbox.entries, isEmpty);
    expect(server.sent).toEqual(['next']);
  });

  test('are uploaded again if the server has deleted them', async () => {
    const server = new FakeServer();
    server.answer = async () => {
      throw new ApiError('NOT_FOUND', 'There is no such file.');
    };
    const outbox = outboxOn(await freshVault(), server);
    await outbox.add(ROOM, album);
    const [failed] = await until(outbox.entries, ([entry]) => entry?.state.kind === 'failed');
    server.answer = async (entry) => confirm(entry);
    await outbox.retry(failed?.cid ?? '');
    await until(outbox.entries, isEmpty);
    expect(server.uploads).toEqual(['a', 'b', 'a', 'b']);
  });
});
