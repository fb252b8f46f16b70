import type { RestClient } from '../../transport/rest';
import type { ChatSocket } from '../../transport/socket';
import type { OutboxTransport } from './outbox';

/** Returns the transport of the outbox: files by REST, messages by the socket. */
export function outboxTransport(rest: RestClient, socket: ChatSocket): OutboxTransport {
  return {
    get connected() {
      return socket.connected;
    },
    upload: async ({ blob, name }, onProgress, signal) => (await rest.upload(blob, name, { onProgress, signal })).id,
    send: ({ roomId, cid, text, replyTo, files = [] }) => {
      const attachmentIds = files.flatMap(({ attachment }) => attachment ?? []);
      const more = { ...(replyTo ? { replyTo: replyTo.id } : {}), ...(attachmentIds.length > 0 ? { attachmentIds } : {}) };
      return socket.request('message:send', { roomId, cid, text, ...more });
    },
  };
}
