import type { IncomingWebhook, NewIncomingWebhook, NewOutgoingWebhook, OutgoingWebhook } from '../protocol/types';
import {
  decodeCreateIncomingWebhookResponse,
  decodeCreateOutgoingWebhookResponse,
  decodeIncomingWebhookResponse,
  decodeIncomingWebhookList,
  decodeOutgoingWebhookResponse,
  decodeOutgoingWebhookList,
} from '../protocol/wire.generated';
import { noContent, type RestClient } from './rest';

/** WebhookClient sends the requests about the webhooks of one room. */
export class WebhookClient {
  #rest: RestClient;
  #path: string;

  constructor(rest: RestClient, roomId: number) {
    this.#rest = rest;
    this.#path = `/rooms/${roomId}/webhooks`;
  }

  async listIncoming(): Promise<IncomingWebhook[]> {
    return (await this.#rest.call('GET', `${this.#path}/incoming`, decodeIncomingWebhookList)).webhooks;
  }

  /** Returns the address. The server does not return it again. */
  async createIncoming(name: string): Promise<NewIncomingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming`, decodeCreateIncomingWebhookResponse, { name })).webhook;
  }

  deleteIncoming(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/incoming/${id}`, noContent);
  }

  async resumeIncoming(id: number): Promise<IncomingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/incoming/${id}/resume`, decodeIncomingWebhookResponse)).webhook;
  }

  async listOutgoing(): Promise<OutgoingWebhook[]> {
    return (await this.#rest.call('GET', `${this.#path}/outgoing`, decodeOutgoingWebhookList)).webhooks;
  }

  /** Returns the secret. The server does not return it again. */
  async createOutgoing(url: string): Promise<NewOutgoingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing`, decodeCreateOutgoingWebhookResponse, { url })).webhook;
  }

  async resumeOutgoing(id: number): Promise<OutgoingWebhook> {
    return (await this.#rest.call('POST', `${this.#path}/outgoing/${id}/resume`, decodeOutgoingWebhookResponse)).webhook;
  }

  deleteOutgoing(id: number): Promise<void> {
    return this.#rest.call('DELETE', `${this.#path}/outgoing/${id}`, noContent);
  }
}
