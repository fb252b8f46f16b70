import { list, object } from '../protocol/guards';
import type { IncomingHook, NewIncomingHook, NewOutgoingHook, OutgoingHook } from '../protocol/types';
import { decodeIncomingHook, decodeNewIncomingHook, decodeNewOutgoingHook, decodeOutgoingHook } from '../protocol/webhooks';
import { nothing, type Rest } from './rest';

const incomingOf = object<{ webhooks: IncomingHook[] }>({ webhooks: list(decodeIncomingHook) });
const incomingHookOf = object<{ webhook: IncomingHook }>({ webhook: decodeIncomingHook });
const newIncomingOf = object<{ webhook: NewIncomingHook }>({ webhook: decodeNewIncomingHook });
const outgoingOf = object<{ webhooks: OutgoingHook[] }>({ webhooks: list(decodeOutgoingHook) });
const outgoingHookOf = object<{ webhook: OutgoingHook }>({ webhook: decodeOutgoingHook });
const newOutgoingOf = object<{ webhook: NewOutgoingHook }>({ webhook: decodeNewOutgoingHook });

/** WebhookRest asks about the webhooks of one room. */
export class WebhookRest {
  #rest: Rest;
  #path: string;

  constructor(rest: Rest, roomId: number) {
    this.#rest = rest;
    this.#path = `/rooms/${roomId}/webhooks`;
  }

  async incoming(): Promise<IncomingHook[]> {
    return (await this.#rest.call('GET', `${this.#path}/incoming`, incomingOf)).webhooks;
  }

  /** Its address is told this once. */
  async makeIncoming(name: string): Promise<NewIncomingHook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming`, newIncomingOf, { name })).webhook;
  }

  deleteIncoming(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/incoming/${id}`, nothing);
  }

  async resumeIncoming(id: number): Promise<IncomingHook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming/${id}/resume`, incomingHookOf)).webhook;
  }

  async outgoing(): Promise<OutgoingHook[]> {
    return (await this.#rest.call('GET', `${this.#path}/outgoing`, outgoingOf)).webhooks;
  }

  /** Its secret is told this once. */
  async makeOutgoing(url: string): Promise<NewOutgoingHook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing`, newOutgoingOf, { url })).webhook;
  }

  async resumeOutgoing(id: number): Promise<OutgoingHook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing/${id}/resume`, outgoingHookOf)).webhook;
  }

  deleteOutgoing(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/outgoing/${id}`, nothing);
  }
}
