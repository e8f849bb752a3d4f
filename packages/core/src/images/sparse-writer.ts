import type { FileHandle } from 'node:fs/promises';

/** A run of zeros this long is left out of the file: a hole. */
const HOLE_BYTES = 4096;

/**
 * Writes a stream to an empty file. Chunks of zeros become holes, so that a raw disk takes no more space than what is
 * on it.
 *
 * @returns bytes of the file, holes included
 */
export async function writeSparse(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<number> {
  let position = 0;
  for await (const chunk of source) {
    if (chunk.length < HOLE_BYTES || !isZero(chunk)) await writeAll(file, chunk, position);
    position += chunk.length;
  }
  await file.truncate(position);
  return position;
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

function isZero(chunk: Uint8Array): boolean {
  // Compares the chunk with itself, one byte on: one native call, whatever its size.
  return chunk[0] === 0 && Buffer.compare(chunk.subarray(1), chunk.subarray(0, -1)) === 0;
}
