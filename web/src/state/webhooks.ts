import type { IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook, OutgoingWebhook } from '../protocol/types';
import type { RestClient } from '../transport/rest';
import { WebhookClient } from '../transport/webhooks';
import { Resource } from './resource';

/** How a receiver does; behind: how many changes of the room it has not taken yet. */
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

/** Webhooks are a room's ways to and from programs. head tells the room's last number. */
export class Webhooks {
  readonly incoming: Resource<IncomingWebhook>;
  readonly outgoing: Resource<Receiver>;
  #rest: WebhookClient;

  constructor(rest: RestClient, roomId: number, head: () => number) {
    this.#rest = new WebhookClient(rest, roomId);
    this.incoming = new Resource(() => this.#rest.listIncoming());
    this.outgoing = new Resource(async () => (await this.#rest.listOutgoing()).map((hook) => ({ hook, delivery: deliveryOf(hook, head()) })));
  }

  /** The address is told this once: the list does not bear it. */
  async makeIncoming(name: string): Promise<NewIncomingWebhook> {
    const made = await this.#rest.createIncoming(name);
    await this.incoming.load();
    return made;
  }

  async deleteIncoming(id: number): Promise<void> {
    await this.#rest.deleteIncoming(id);
    await this.incoming.load();
  }

  /** The secret is told this once: the list does not bear it. */
  async makeOutgoing(url: string): Promise<NewOutgoingWebhook> {
    const made = await this.#rest.createOutgoing(url);
    await this.outgoing.load();
    return made;
  }

  async deleteOutgoing(id: number): Promise<void> {
    await this.#rest.deleteOutgoing(id);
    await this.outgoing.load();
  }

  /** Resumes a paused webhook; the user becomes its maker. */
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
