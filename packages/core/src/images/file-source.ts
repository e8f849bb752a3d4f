import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, VmctlError } from '../errors/vmctl-error.js';
import { fsError } from '../host/fs-error.js';
import type { ImageSource, ImageStream } from './contract.js';
import { type LocalFile, openImageFile } from './local-file.js';

/** Bytes that are read at a time. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Images from `file:` URLs. They are copied into the cache, unlike those that a VMFile names by path: the copy stays
 * as it is when the file is built anew, and VMs that stand on it with it. A changed file is fetched again.
 */
export class FileImageSource implements ImageSource {
  readonly scheme = 'file';

  async fingerprint(url: URL): Promise<string> {
    const local = await openImageFile(pathOf(url), url.href);
    await local.file.close();
    return fileFingerprint(local);
  }

  open(url: URL, { signal }: Parameters<ImageSource['open']>[1]): Promise<ImageStream> {
    return openLocalStream(pathOf(url), url.href, signal);
  }
}

/** What changes when a file's content does, short of somebody setting its times back. */
export function fileFingerprint({ size, modifiedNs }: LocalFile): string {
  return `${size}-${modifiedNs}`;
}

/** Opens a file of this host as a stream; the file is closed at its end, on an error, and on an abort. */
export async function openLocalStream(
  path: string,
  subject: string,
  signal: AbortSignal,
): Promise<ImageStream> {
  const { file, size } = await openImageFile(path, subject);
  const stream = file.createReadStream({ highWaterMark: CHUNK_BYTES, signal });
  // Errors are for whoever reads; one that comes before anybody does, on an abort, is nobody's.
  stream.on('error', () => undefined);
  return { body: withPath(stream, path, signal), size, fileName: basename(path) };
}

async function* withPath(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    // The stream has an error of its own for an abort, which is no fault of the file.
    signal.throwIfAborted();
    throw fsError(error, { verb: 'read the image', path });
  }
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new VmctlError('VMCTL_IMAGE_URL_INVALID', {
      message: `${url.href} does not name a file of this host: ${messageOf(error)}.`,
      hint: 'Write it with three slashes and an absolute path: file:///srv/images/disk.qcow2',
      cause: error,
    });
  }
}
