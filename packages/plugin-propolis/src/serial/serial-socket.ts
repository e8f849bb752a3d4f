import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { ServerAddress } from '../api/exchange.js';
import { isVersionRefusal, readRefusal, type Refusal } from '../api/refusal.js';
import { API_VERSIONS, type ApiVersion, type SerialOffset, VERSION_HEADER } from '../api/types.js';
import { serialUrl } from './serial-url.js';

/** Bytes of the body of a refused upgrade that are read. */
const REFUSAL_LIMIT = 64 * 1024;

/** The server answered an upgrade with an error. */
export class UpgradeRefused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`the server answered with status ${refusal.status}: ${refusal.errorCode ?? refusal.message}`);
    this.refusal = refusal;
  }
}

export interface SerialTarget {
  readonly address: ServerAddress;
  /** Undefined: only what comes from now on. */
  readonly offset: SerialOffset | undefined;
  /** Undefined: to be found out. */
  readonly version: ApiVersion | undefined;
}

/**
 * Opens the WebSocket of a serial console, paused: nothing is received until it is resumed.
 *
 * @throws {@link UpgradeRefused}, what the connection failed with, or the signal's reason
 */
export async function openSerialSocket(target: SerialTarget, signal: AbortSignal): Promise<WebSocket> {
  const versions = target.version === undefined ? API_VERSIONS : [target.version];
  for (const version of versions) {
    try {
      return await open(serialUrl(target.address, target.offset), version, signal);
    } catch (error) {
      const isLast = version === versions.at(-1);
      if (isLast || !(error instanceof UpgradeRefused) || !isVersionRefusal(error.refusal)) throw error;
    }
  }
  throw new RangeError('there is no version to ask for');
}

async function open(url: string, version: ApiVersion, signal: AbortSignal): Promise<WebSocket> {
  signal.throwIfAborted();
  const socket = new WebSocket(url, {
    headers: { [VERSION_HEADER]: version },
    perMessageDeflate: false,
    followRedirects: false,
  });
  const refused = Promise.withResolvers<never>();
  // It loses the race when all is well.
  refused.promise.catch(() => undefined);
  socket.on('unexpected-response', (_request, response: IncomingMessage) => {
    readBody(response).then(
      (body) => refused.reject(new UpgradeRefused(readRefusal(response.statusCode ?? 0, body))),
      (error: unknown) => refused.reject(error),
    );
  });
  // Frames can come with the answer to the upgrade, before anybody listens.
  socket.once('open', () => socket.pause());
  try {
    await Promise.race([once(socket, 'open', { signal }), refused.promise]);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.terminate();
    signal.throwIfAborted();
    throw error;
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > REFUSAL_LIMIT) break;
  }
  return text;
}
