import { decodeFrame, splitFrames } from '../protocol/frames';
import { Close, type Responses, type CommandData, type CommandType, type FrameData, type ServerFrame } from '../protocol/types';
import { backoffMs, MAX_ATTEMPTS, slowBackoffMs } from './backoff';
import { ApiError, NetworkError } from './errors';

export type ConnectionState =
  | { kind: 'disconnected' }
  | { kind: 'connecting' }
  | { kind: 'connected' }
  | { kind: 'reconnecting'; attempt: number }
  /** Attempts continue, but so slowly that the user should know. */
  | { kind: 'failed'; reason?: string };

export interface SocketListener {
  onState(state: ConnectionState): void;
  /** Receives every frame that is not a response to a command, in order. */
  onFrame(frame: ServerFrame): void;
  /** The server ended the session. The user must sign in again. */
  onSessionEnded(): void;
  /** A connection could not be opened. The browser does not report the reason. */
  onConnectFailed(): void;
}

export interface SocketOptions {
  url: string;
  open?: (url: string, protocols: string[]) => WebSocket;
  random?: () => number;
}

interface PendingRequest {
  resolve(data: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 12_000;
const DEFAULT_PING_MS = 25_000;
/** A connection that lasts longer than this resets the attempts. */
const STABLE_AFTER_MS = 5_000;

/**
 * ChatSocket keeps one connection to the server open. It reconnects with backoff,
 * assigns responses to commands and passes events on in order. When a connection
 * ends, commands without a response are rejected with a NetworkError; the caller
 * decides whether to send them again.
 */
export class ChatSocket {
  #state: ConnectionState = { kind: 'disconnected' };
  #ws: WebSocket | undefined;
  #listener: SocketListener;
  #options: SocketOptions;
  #attempt = 0;
  #connectedAt = 0;
  #drainMs: number | undefined;
  #nextId = 1;
  #pending = new Map<number, PendingRequest>();
  #unsupported = new Set<CommandType>();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: SocketListener, options: SocketOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get connected(): boolean {
    return this.#state.kind === 'connected';
  }

  /** Opens the connection and keeps it open until close. */
  open(): void {
    if (this.#state.kind !== 'disconnected') return;
    this.#attempt = 0;
    this.#connect({ kind: 'connecting' });
  }

  close(): void {
    this.#disconnect();
    this.#setState({ kind: 'disconnected' });
  }

  /** Reconnects immediately and resets the backoff, because the network is back or the user asked for it. */
  retryNow(): void {
    if (this.#state.kind !== 'reconnecting' && this.#state.kind !== 'failed') return;
    // The slow attempt in the failed state may hang: the user does not wait for it.
    if (this.#ws !== undefined && this.#state.kind !== 'failed') return;
    this.#disconnect();
    this.#attempt = 1;
    this.#connect({ kind: 'reconnecting', attempt: this.#attempt });
  }

  /** Drops the connection and reconnects with backoff. */
  reconnect(): void {
    if (this.#ws === undefined) return;
    this.#disconnect();
    this.#retry();
  }

  /** Sends a command and returns its response. */
  async request<C extends keyof Responses & CommandType>(type: C, data: CommandData[C]): Promise<FrameData[Responses[C]]> {
    return (await this.#send(type, data)) as FrameData[Responses[C]];
  }

  /**
   * Sends a command that may be lost, and ignores its response. If the server does
   * not know the command, it is not sent again: the server counts invalid commands.
   */
  notify<C extends CommandType>(type: C, data: CommandData[C]): void {
    if (this.#unsupported.has(type)) return;
    this.#send(type, data).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === 'BAD_REQUEST') this.#unsupported.add(type);
    });
  }

  async #send<C extends CommandType>(type: C, data: CommandData[C]): Promise<unknown> {
    const ws = this.#ws;
    if (ws === undefined || ws.readyState !== WebSocket.OPEN) throw new NetworkError();
    const id = this.#nextId++;
    const response = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new NetworkError('The server did not respond in time. Please try again.'));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
    });
    ws.send(JSON.stringify({ id, type, data }));
    return response;
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#listener.onState(state);
  }

  #connect(state: ConnectionState): void {
    clearTimeout(this.#retryTimer);
    const open = this.#options.open ?? ((url: string, protocols: string[]) => new WebSocket(url, protocols));
    const ws = open(this.#options.url, ['chillin.v1']);
    this.#ws = ws;
    this.#connectedAt = 0;
    this.#handshakeTimer = setTimeout(() => this.reconnect(), HANDSHAKE_TIMEOUT_MS);
    ws.onmessage = (message: globalThis.MessageEvent<unknown>) => {
      if (ws === this.#ws && typeof message.data === 'string') this.#read(message.data);
    };
    ws.onclose = (closed) => {
      if (ws === this.#ws) this.#closed(closed.code, closed.reason);
    };
    this.#setState(state);
  }

  #read(text: string): void {
    for (const line of splitFrames(text)) {
      try {
        const frame = decodeFrame(JSON.parse(line) as unknown);
        if (frame !== undefined) this.#receive(frame);
      } catch (error) {
        // An invalid object must not affect the others. A lost change leaves a gap in
        // the room's sequence, and the missing changes are requested again.
        console.warn('invalid frame', error);
      }
    }
  }

  #receive(frame: ServerFrame): void {
    const waiting = frame.id === undefined ? undefined : this.#pending.get(frame.id);
    if (frame.id !== undefined && waiting !== undefined) {
      this.#pending.delete(frame.id);
      clearTimeout(waiting.timer);
      if (frame.type === 'error') {
        waiting.reject(new ApiError(frame.data.code, frame.data.message, { retryAfterMs: frame.data.retryAfterMs }));
      } else {
        waiting.resolve(frame.data);
      }
      return;
    }
    if (frame.type === 'connected') {
      clearTimeout(this.#handshakeTimer);
      this.#connectedAt = Date.now();
      this.#startPing(frame.data.pingMs);
      this.#setState({ kind: 'connected' });
    }
    if (frame.type === 'draining') this.#drainMs = frame.data.reconnectInMs;
    this.#listener.onFrame(frame);
    if (frame.type === 'draining') this.#leaveDrainingNode(frame.data.reconnectInMs);
  }

  /** Reconnects after the delay that a draining node sent. The node closes the remaining connections later. */
  #leaveDrainingNode(inMs: number): void {
    const ws = this.#ws;
    setTimeout(() => {
      if (ws === this.#ws) this.reconnect();
    }, inMs);
  }

  #startPing(everyMs: number): void {
    const wait = Math.max(1_000, everyMs || DEFAULT_PING_MS);
    const ws = this.#ws;
    this.#pingTimer = setTimeout(() => {
      void this.request('ping', {}).then(
        (pong) => {
          if (ws !== this.#ws) return;
          this.#listener.onFrame({ type: 'pong', data: pong });
          this.#startPing(everyMs);
        },
        () => {
          // Without a response the connection is dead, although the browser has not reported it.
          if (ws === this.#ws) this.reconnect();
        },
      );
    }, wait);
  }

  #closed(code: number, reason: string): void {
    const opened = this.#connectedAt > 0;
    this.#disconnect();
    if (code === Close.SessionEnded) {
      this.#setState({ kind: 'disconnected' });
      this.#listener.onSessionEnded();
      return;
    }
    if (code === Close.TooManyConnections) {
      // No attempts in the background: tabs of one user would compete for the last connection.
      this.#setState({ kind: 'failed', reason: reason || 'Too many connections are open for this account. Close another tab or device.' });
      return;
    }
    this.#retry();
    if (!opened) this.#listener.onConnectFailed();
  }

  #retry(): void {
    const settled = this.#connectedAt > 0 && Date.now() - this.#connectedAt >= STABLE_AFTER_MS;
    this.#connectedAt = 0;
    if (settled || this.#drainMs !== undefined) this.#attempt = 0;
    this.#attempt += 1;
    if (this.#attempt > MAX_ATTEMPTS) {
      this.#fail();
      return;
    }
    const wait = this.#drainMs === undefined ? backoffMs(this.#attempt, this.#options.random) : 0;
    this.#drainMs = undefined;
    const state: ConnectionState = { kind: 'reconnecting', attempt: this.#attempt };
    this.#retryTimer = setTimeout(() => this.#connect(state), wait);
    this.#setState(state);
  }

  /** Reports the failure and tries again slowly: the server may be back while the page is not looked at. */
  #fail(): void {
    this.#drainMs = undefined;
    this.#retryTimer = setTimeout(() => this.#connect({ kind: 'failed' }), slowBackoffMs(this.#options.random));
    this.#setState({ kind: 'failed' });
  }

  /** Closes the connection and rejects the pending requests. */
  #disconnect(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#handshakeTimer);
    clearTimeout(this.#pingTimer);
    const ws = this.#ws;
    this.#ws = undefined;
    if (ws !== undefined) {
      ws.onmessage = null;
      ws.onclose = null;
      ws.close();
    }
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of waiting) {
      clearTimeout(one.timer);
      one.reject(new NetworkError());
    }
  }
}
