import { VmctlError } from '../errors/vmctl-error.js';
import { fsError } from '../host/fs-error.js';
import { openRegular } from '../host/regular-file.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads the first `size` bytes of a file, those from `start` on, one chunk ahead of the one that is used. There are two buffers and no more:
 * a chunk is overwritten once the next one is asked for.
 *
 * @throws VMCTL_GUEST_TRANSFER_FAILED when the file has become shorter
 */
export async function* readChunks(
  path: string,
  size: number,
  onContent: (bytes: number) => void = () => undefined,
  start = 0,
): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path).catch((error: unknown) => {
    throw fsError(error, { verb: 'read', path });
  });
  const length = Math.min(CHUNK_BYTES, Math.max(size, 1));
  let [current, spare] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)];
  const read = (buffer: Buffer, position: number): Promise<number> => {
    const wanted = Math.min(length, size - position);
    if (wanted <= 0) return Promise.resolve(0);
    return file.read(buffer, 0, wanted, position).then(
      ({ bytesRead }) => bytesRead,
      (error: unknown) => {
        throw fsError(error, { verb: 'read', path });
      },
    );
  };
  let position = start;
  let next = read(current, position);
  try {
    while (position < size) {
      const bytes = await next;
      if (bytes === 0) throw changed(path);
      position += bytes;
      next = read(spare, position);
      next.catch(() => undefined); // Thrown where it is awaited.
      yield current.subarray(0, bytes);
      onContent(bytes);
      [current, spare] = [spare, current];
    }
  } finally {
    await next.catch(() => undefined);
    await file.close();
  }
}

function changed(path: string): VmctlError {
  return new VmctlError('VMCTL_GUEST_TRANSFER_FAILED', {
    message: `${path} became shorter while it was copied.`,
    hint: 'Wait until whatever writes it is done, and try again.',
    details: { path },
  });
}
