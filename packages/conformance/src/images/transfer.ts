import assert from 'node:assert/strict';
import type { ImageStream } from '@vmctl/core/plugin';
import { until } from '../bounded.js';
import type { ServedImage } from './subject.js';

/** How long what was open for a transfer may take to be closed, in milliseconds. */
const FREE_MS = 10_000;

/** Fails unless everything that a transfer had opened is closed soon. */
export async function expectFreed(served: ServedImage, after: string): Promise<void> {
  if (served.open === undefined) return;
  await until(`what the transfer had opened is closed after ${after}`, FREE_MS, async () => {
    return (await served.open?.()) === 0;
  });
}

/** Reads the first bytes of a stream, and leaves the rest. */
export async function readSome({ body }: ImageStream): Promise<AsyncIterator<Uint8Array>> {
  const iterator = body[Symbol.asyncIterator]();
  const first = await iterator.next();
  assert.ok(first.done !== true, 'the stream ends before its first byte');
  return iterator;
}
