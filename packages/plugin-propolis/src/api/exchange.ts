import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** Where a server listens. */
export interface ServerAddress {
  /** An IP address: `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
}

/** One request. */
export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly requestId: string | undefined;
}

/** Bytes of an answer that are read: the largest is a console's history, up to 5 characters for each of 2 MiB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * Sends one request on a connection of its own and reads the answer, whatever its status. The length of a body is always
 * said: Node sends the body of a GET only then.
 *
 * @throws the signal's reason after an abort, and what the connection failed with
 */
export async function exchange(address: ServerAddress, options: Exchange): Promise<Answer> {
  const { method, path, headers, body, signal } = options;
  const sent = request({
    host: address.host,
    port: address.port,
    method,
    path,
    headers: {
      ...headers,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    },
    // A connection that is kept would keep the process, too.
    agent: false,
    signal,
  });
  // An error after the answer has begun breaks the answer as well, which is seen there.
  sent.on('error', () => undefined);
  try {
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw new RangeError(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    const requestId = response.headers['x-request-id'];
    return {
      status: response.statusCode ?? 0,
      body: Buffer.concat(chunks).toString('utf8'),
      requestId: typeof requestId === 'string' ? requestId : undefined,
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    sent.destroy();
  }
}
