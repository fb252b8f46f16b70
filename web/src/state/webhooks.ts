import type { IncomingHook, NewIncomingHook, NewOutgoingHook, OutgoingHook } from '../protocol/types';
import type { Rest } from '../transport/rest';
import { WebhookRest } from '../transport/webhooks';
import { Listing } from './listing';

/** How a receiver does; behind: how many changes of the room it has not taken yet. */
export type Delivery =
  | { kind: 'up to date' }
  | { kind: 'behind'; behind: number }
  | { kind: 'failing'; reason: string; tries: number; nextTryAt: string | undefined }
  | { kind: 'given up'; reason: string; at: string };

export interface Receiver {
  hook: OutgoingHook;
  delivery: Delivery;
}

/** Webhooks are a room's ways to and from programs. head tells the room's last number. */
export class Webhooks {
  readonly incoming: Listing<IncomingHook>;
  readonly outgoing: Listing<Receiver>;
  #rest: WebhookRest;

  constructor(rest: Rest, roomId: number, head: () => number) {
    this.#rest = new WebhookRest(rest, roomId);
    this.incoming = new Listing(() => this.#rest.incoming());
    this.outgoing = new Listing(async () => (await this.#rest.outgoing()).map((hook) => ({ hook, delivery: deliveryOf(hook, head()) })));
  }

  /** The address is told this once: the list does not bear it. */
  async makeIncoming(name: string): Promise<NewIncomingHook> {
    const made = await this.#rest.makeIncoming(name);
    await this.incoming.load();
    return made;
  }

  async deleteIncoming(id: number): Promise<void> {
    await this.#rest.deleteIncoming(id);
    await this.incoming.load();
  }

  /** The secret is told this once: the list does not bear it. */
  async makeOutgoing(url: string): Promise<NewOutgoingHook> {
    const made = await this.#rest.makeOutgoing(url);
    await this.outgoing.load();
    return made;
  }

  async deleteOutgoing(id: number): Promise<void> {
    await this.#rest.deleteOutgoing(id);
    await this.outgoing.load();
  }

  /** One that was given up begins anew: with another secret, and with what happens from now on. */
  async beginAnew({ id, url }: OutgoingHook): Promise<NewOutgoingHook> {
    const made = await this.#rest.makeOutgoing(url);
    // The old one sends nothing any more: where it stays, it can be deleted later.
    await this.#rest.deleteOutgoing(id).catch(() => undefined);
    await this.outgoing.load();
    return made;
  }
}

export function deliveryOf(hook: OutgoingHook, head: number): Delivery {
  const { disabledAt, failures, lastError: reason, nextTryAt, delivered } = hook;
  if (disabledAt !== undefined) return { kind: 'given up', reason, at: disabledAt };
  if (failures > 0) return { kind: 'failing', reason, tries: failures, nextTryAt };
  return delivered < head ? { kind: 'behind', behind: head - delivered } : { kind: 'up to date' };
}
