import type { IncomingMessage } from 'node:http';
import { MAX_REQUEST_BYTES, type SerialOffset } from '../api/types.js';
import { FakeRefusal } from './fake-answer.js';

/** The body of a request, which is bounded. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  if (size > MAX_REQUEST_BYTES) {
    throw new FakeRefusal(400, `request body exceeded maximum size of ${MAX_REQUEST_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A body that has to be JSON, and says so. */
export function parseJson({ headers }: IncomingMessage, body: string): unknown {
  const type = headers['content-type'];
  if (body === '') throw new FakeRefusal(400, 'unable to parse JSON body: EOF while parsing a value');
  if (type?.split(';')[0] !== 'application/json') {
    throw new FakeRefusal(400, `expected content type "application/json", got "${type ?? ''}"`);
  }
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new FakeRefusal(
      400,
      `unable to parse JSON body: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** One of the two offsets; none when there are both. */
export function offsetOf(query: URLSearchParams): SerialOffset | undefined {
  const read = (name: string): number | undefined => {
    const value = query.get(name);
    if (value === null) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    throw new FakeRefusal(400, `unable to parse query string: ${name}: invalid digit found in string`);
  };
  const fromStart = read('from_start');
  const mostRecent = read('most_recent');
  if (fromStart !== undefined) return mostRecent === undefined ? { fromStart } : undefined;
  return mostRecent === undefined ? undefined : { mostRecent };
}
