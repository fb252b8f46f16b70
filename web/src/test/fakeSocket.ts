import { Store } from '../state/store';
import { until } from './until';

interface Sent {
  id: number;
  type: string;
  data: Record<string, unknown>;
}

/** FakeWebSocket is a WebSocket to a server that the test plays. */
export class FakeWebSocket {
  readyState: number = WebSocket.OPEN;
  onmessage: ((message: MessageEvent<unknown>) => void) | null = null;
  onclose: ((closed: CloseEvent) => void) | null = null;
  #sent = new Store<readonly Sent[]>([]);

  get sent(): readonly Sent[] {
    return this.#sent.getSnapshot();
  }

  send(text: string): void {
    this.#sent.update((sent) => [...sent, JSON.parse(text) as Sent]);
  }

  /** Waits until the client has sent a command that `find` returns. */
  async waitForCommand(find: (sent: readonly Sent[]) => Sent | undefined): Promise<Sent> {
    const sent = find(await until(this.#sent, (all) => find(all) !== undefined));
    if (sent === undefined) throw new Error('not sent');
    return sent;
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
  }

  /** Sends the objects to the client in one frame. */
  serve(...objects: object[]): void {
    const data = objects.map((object) => JSON.stringify(object)).join('\n');
    this.onmessage?.(new MessageEvent('message', { data }));
  }

  /** Closes the connection from the server's side. */
  end(code: number, reason = ''): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(new CloseEvent('close', { code, reason }));
  }
}

export function hello(more: object = {}): object {
  return {
    type: 'connected',
    data: { user: { id: 1, username: 'alice', displayName: 'Alice' }, sessionId: 1, node: 'n1', epoch: 'e1', rooms: [], pingMs: 20_000, ...more },
  };
}
