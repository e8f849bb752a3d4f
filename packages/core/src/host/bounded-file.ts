import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Why a file that a person should have written is not read. */
export type Unbounded =
  /** A directory, or a pipe or a socket, of which nobody knows whether it ever has an end. */
  'not-a-file' | 'too-large';

/**
 * The bytes of a file that a person has written. Never waits for a writer, and never reads more than `most` bytes, of
 * whatever the path leads to.
 *
 * @throws the error of the file system for what cannot be read
 */
export async function readBounded(path: string, most: number): Promise<Uint8Array | Unbounded> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await file.stat();
  // /dev/null is an empty file for those who want none.
  if (!stats.isFile() && !stats.isCharacterDevice()) return 'not-a-file';
  const bytes = Buffer.alloc(most + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  return 'too-large';
}
