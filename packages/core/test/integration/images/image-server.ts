import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach } from '@jest/globals';

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server on 127.0.0.1 that misbehaves as told. */
export interface ImageServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Every request so far. */
  readonly requests: readonly IncomingMessage[];
  /** Answers for one path, in order; the last one stays. */
  on(path: string, ...answers: readonly Answer[]): void;
  /** Connections that are open now. */
  readonly connections: number;
}

/** Gives each test of the file a server of its own. */
export function useImageServer(tls?: () => { readonly key: string; readonly cert: string }): ImageServer {
  let answers = new Map<string, Answer[]>();
  let requests: IncomingMessage[] = [];
  let sockets = new Set<Socket>();
  let origin = '';
  let close = (): Promise<unknown> => Promise.resolve();

  beforeEach(async () => {
    answers = new Map();
    requests = [];
    sockets = new Set();
    const listener: RequestListener = (request, response) => {
      requests.push(request);
      const queue = answers.get(new URL(request.url ?? '/', 'http://x').pathname);
      const answer = queue !== undefined && queue.length > 1 ? queue.shift() : queue?.[0];
      (answer ?? status(404))(request, response);
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls(), listener);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // listening on TCP
    origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    close = async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    };
  });
  afterEach(async () => {
    await close();
  });
  return {
    get origin() {
      return origin;
    },
    get requests() {
      return requests;
    },
    get connections() {
      return sockets.size;
    },
    on: (path, ...queue) => void answers.set(path, [...queue]),
  };
}

/** A status, with a body like that of any error page. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'text/html', ...headers });
    response.end(`<!DOCTYPE html>\n<html><head><title>${code}</title></head></html>\n`);
  };
}

/** A redirect. */
export function redirect(location: string, code = 302): Answer {
  return (_request, response) => {
    response.writeHead(code, { location });
    response.end();
  };
}

/** A whole file, with nothing to resume it by. */
export function file(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers });
    response.end(body);
  };
}

/** A file on a server that knows ranges. */
export function ranged(body: Uint8Array, etag = '"v1"'): Answer {
  return (request, response) => {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const from = range !== null && request.headers['if-range'] === etag ? Number(range[1]) : 0;
    response.writeHead(from === 0 ? 200 : 206, {
      etag,
      'content-length': body.length - from,
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }),
    });
    response.end(body.subarray(from));
  };
}

/** Sends the headers of the whole file and some of it, and breaks off the connection. */
export function brokenOff(
  body: Uint8Array,
  bytes: number,
  headers: Readonly<Record<string, string>> = { etag: '"v1"' },
): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers });
    response.write(body.subarray(0, bytes), () => response.destroy());
  };
}

/** Sends some of it, then nothing more, for ever. */
export function stalled(
  body: Uint8Array,
  bytes: number,
  headers: Readonly<Record<string, string>> = { etag: '"v1"' },
): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': body.length, ...headers });
    response.write(body.subarray(0, bytes));
  };
}
