import type { IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook, OutgoingWebhook } from '../protocol/types';
import type { RestClient } from '../transport/rest';
import { WebhookClient } from '../transport/webhooks';
import { Resource } from './resource';

/** The state of a webhook's deliveries. `behind` is the number of changes that are not delivered yet. */
export type Delivery =
  | { kind: 'up to date' }
  | { kind: 'paused' }
  | { kind: 'behind'; behind: number }
  | { kind: 'failing'; reason: string; tries: number; nextTryAt: string | undefined }
  | { kind: 'given up'; reason: string; at: string };

export interface Receiver {
  hook: OutgoingWebhook;
  delivery: Delivery;
}

/** Webhooks are the webhooks of a room. `head` returns the last number of the room's sequence. */
export class Webhooks {
  readonly incoming: Resource<readonly IncomingWebhook[]>;
  readonly outgoing: Resource<readonly Receiver[]>;
  #rest: WebhookClient;

  constructor(rest: RestClient, roomId: number, head: () => number) {
    this.#rest = new WebhookClient(rest, roomId);
    this.incoming = new Resource(() => this.#rest.listIncoming());
    this.outgoing = new Resource(async () => (await this.#rest.listOutgoing()).map((hook) => ({ hook, delivery: deliveryOf(hook, head()) })));
  }

  /** Returns the address. The server does not return it again. */
  async makeIncoming(name: string): Promise<NewIncomingWebhook> {
    const made = await this.#rest.createIncoming(name);
    await this.incoming.load();
    return made;
  }

  async deleteIncoming(id: number): Promise<void> {
    await this.#rest.deleteIncoming(id);
    await this.incoming.load();
  }

  /** Returns the secret. The server does not return it again. */
  async makeOutgoing(url: string): Promise<NewOutgoingWebhook> {
    const made = await this.#rest.createOutgoing(url);
    await this.outgoing.load();
    return made;
  }

  async deleteOutgoing(id: number): Promise<void> {
    await this.#rest.deleteOutgoing(id);
    await this.outgoing.load();
  }

  /** Resumes a paused webhook; the user becomes its creator. */
  async resumeIncoming(id: number): Promise<void> {
    await this.#rest.resumeIncoming(id);
    await this.incoming.load();
  }

  /** Resumes a webhook that is paused or was given up: it continues after the last delivered change. */
  async resumeOutgoing(id: number): Promise<void> {
    await this.#rest.resumeOutgoing(id);
    await this.outgoing.load();
  }
}

export function deliveryOf(hook: OutgoingWebhook, head: number): Delivery {
  const { disabledAt, failures, lastError: reason, nextTryAt, delivered } = hook;
  if (hook.paused) return { kind: 'paused' };
  if (disabledAt !== undefined) return { kind: 'given up', reason, at: disabledAt };
  if (failures > 0) return { kind: 'failing', reason, tries: failures, nextTryAt };
  return delivered < head ? { kind: 'behind', behind: head - delivered } : { kind: 'up to date' };
}
