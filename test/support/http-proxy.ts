import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP proxy on loopback. */
export interface HttpProxy {
  readonly url: string;
  /** The URLs that were asked for, in order. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a proxy that answers for one host alone, with what `upstream` says: whoever gets an answer for a name that no
 * resolver knows has asked the proxy.
 *
 * @param host - the host name
 * @param upstream - the URL of the server that it stands for
 */
export async function startHttpProxy(host: string, upstream: string): Promise<HttpProxy> {
  const asked: string[] = [];
  const { hostname, port } = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://not-a-proxy-request.invalid/');
    asked.push(url.href);
    if (url.hostname !== host) {
      outgoing.writeHead(502).end();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = request(
      { hostname, port, method, headers, path: `${url.pathname}${url.search}` },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${address.port}/`,
    asked,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
