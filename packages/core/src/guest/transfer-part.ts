import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fsError } from '../host/fs-error.js';

/** Smaller files arrive faster than it takes to look at what is there of them. */
export const RESUMABLE_BYTES = 4 * 1024 * 1024;

/**
 * The name of the file that holds what has arrived, in the directory of the target. One that another source has left
 * for the same target begins alike.
 *
 * @param source - all that would make it another content: path, size, time of the last change
 */
export function partName(
  target: string,
  source: readonly (string | number)[],
): {
  readonly name: string;
  readonly prefix: string;
} {
  const prefix = `.vmctl-part-${digest(target)}-`;
  return { prefix, name: prefix + digest(JSON.stringify(source)) };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The SHA-256, in hex, of the first bytes of a local file. */
export async function prefixDigest(
  path: string,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  if (bytes > 0) {
    await pipeline(createReadStream(path, { end: bytes - 1 }), hash, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw fsError(error, { verb: 'read', path });
    });
  }
  return hash.digest('hex');
}
