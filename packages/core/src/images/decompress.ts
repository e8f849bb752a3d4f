import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { errnoOf } from '../host/fs-error.js';
import type { Compression } from './compression.js';
import { damagedData } from './image-problem.js';
import { decompressXz } from './xz.js';

/** Bytes that come out at a time. */
const CHUNK_BYTES = 128 * 1024;

/**
 * Decompresses a stream to its end, several frames or members included.
 *
 * All of `source` is read, and its own errors come through as they are; it ends on an abort by itself.
 *
 * @throws ImageProblem when the data is damaged or cut off
 */
export async function* decompress(
  kind: Compression,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (kind === 'xz') {
    yield* decompressXz(source, signal);
    return;
  }
  try {
    yield* through(
      source,
      kind === 'gzip'
        ? createGunzip({ chunkSize: CHUNK_BYTES })
        : // 2^27 is what every zstd decoder takes without being asked; more would let a file choose our memory.
          createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: 27 } }),
    );
  } catch (error) {
    throw isDataError(error) ? damagedData(kind, error, errnoOf(error) === 'Z_BUF_ERROR') : error;
  }
}

/** What comes out of `transform` when `source` goes in. */
async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: Duplex,
): AsyncGenerator<Uint8Array, void, undefined> {
  const fed = pipeline(source, transform);
  // The iteration below sees the error first.
  fed.catch(() => undefined);
  yield* transform;
  await fed;
}

function isDataError(error: unknown): boolean {
  const code = errnoOf(error) ?? '';
  return code.startsWith('Z_') || code.startsWith('ZSTD_');
}
