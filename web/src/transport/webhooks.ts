import { list, object } from '../protocol/guards';
import type { IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook, OutgoingWebhook } from '../protocol/types';
import { decodeIncomingHook, decodeNewIncomingHook, decodeNewOutgoingHook, decodeOutgoingHook } from '../protocol/webhooks';
import { noContent, type RestClient } from './rest';

const incomingOf = object<{ webhooks: IncomingWebhook[] }>({ webhooks: list(decodeIncomingHook) });
const incomingHookOf = object<{ webhook: IncomingWebhook }>({ webhook: decodeIncomingHook });
const newIncomingOf = object<{ webhook: NewIncomingWebhook }>({ webhook: decodeNewIncomingHook });
const outgoingOf = object<{ webhooks: OutgoingWebhook[] }>({ webhooks: list(decodeOutgoingHook) });
const outgoingHookOf = object<{ webhook: OutgoingWebhook }>({ webhook: decodeOutgoingHook });
const newOutgoingOf = object<{ webhook: NewOutgoingWebhook }>({ webhook: decodeNewOutgoingHook });

/** WebhookRest asks about the webhooks of one room. */
export class WebhookClient {
  #rest: RestClient;
  #path: string;

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#path = `/rooms/${roomId}/webhooks`;
  }

  async listIncoming(): Promise<IncomingWebhook[]> {
    return (await this.#rest.call('GET', `${this.#path}/incoming`, incomingOf)).webhooks;
  }

  /** Its address is told this once. */
  async createIncoming(name: string): Promise<NewIncomingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming`, newIncomingOf, { name })).webhook;
  }

  deleteIncoming(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/incoming/${id}`, noContent);
  }

  async resumeIncoming(id: number): Promise<IncomingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming/${id}/resume`, incomingHookOf)).webhook;
  }

  async listOutgoing(): Promise<OutgoingWebhook[]> {
    return (await this.#rest.call('GET', `${this.#path}/outgoing`, outgoingOf)).webhooks;
  }

  /** Its secret is told this once. */
  async createOutgoing(url: string): Promise<NewOutgoingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing`, newOutgoingOf, { url })).webhook;
  }

  async resumeOutgoing(id: number): Promise<OutgoingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing/${id}/resume`, outgoingHookOf)).webhook;
  }

  deleteOutgoing(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/outgoing/${id}`, noContent);
  }
}
