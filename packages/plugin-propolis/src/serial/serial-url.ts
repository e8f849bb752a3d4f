import { offsetQuery } from '../api/client.js';
import type { ServerAddress } from '../api/exchange.js';
import type { SerialOffset } from '../api/types.js';

/** Where the serial console of a server is, as a WebSocket. */
export function serialUrl({ host, port }: ServerAddress, offset?: SerialOffset): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const query = offset === undefined ? '' : `?${new URLSearchParams(offsetQuery(offset)).toString()}`;
  return `ws://${name}:${port}/instance/serial${query}`;
}
