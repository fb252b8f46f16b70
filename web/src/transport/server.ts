import type { ServerInfo } from '../protocol/types';
import { decodeServerInfo } from '../protocol/wire.generated';
import type { RestClient } from './rest';

/** Returns what everyone may know about the server. It needs no session. */
export function getServerInfo(rest: RestClient): Promise<ServerInfo> {
  return rest.call('GET', '/server', decodeServerInfo);
}
