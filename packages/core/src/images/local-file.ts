import { type FileHandle, open, stat } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';

/** An open file of the host that is to be an image. */
export interface LocalFile {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint;
}

/**
 * Opens an image file for reading; the caller closes it.
 *
 * @param subject - what to call it in messages
 * @throws VMCTL_IMAGE_NOT_FOUND
 * @throws VMCTL_IMAGE_INVALID for a directory, a device, a socket
 * @throws VMCTL_NOT_READABLE
 */
export async function openImageFile(path: string, subject = path): Promise<LocalFile> {
  try {
    // Opening a FIFO would wait for its other end, so look first.
    const kind = await stat(path);
    if (kind.isDirectory()) throw notAFile(path, `${subject} is a directory, not a disk image.`);
    if (!kind.isFile()) throw notAFile(path, `${subject} is not a regular file, so it cannot be an image.`);
    const file = await open(path, 'r');
    try {
      const { size, mtimeNs } = await file.stat({ bigint: true });
      return { file, size: Number(size), modifiedNs: mtimeNs };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) {
      throw new VmctlError('VMCTL_IMAGE_NOT_FOUND', {
        message: `There is no image ${subject}.`,
        hint: 'Check the path. A relative one in a VMFile starts at the directory of the VMFile.',
        cause: error,
        details: { path },
      });
    }
    throw fsError(error, { verb: 'read the image', path });
  }
}

function notAFile(path: string, message: string): VmctlError {
  return new VmctlError('VMCTL_IMAGE_INVALID', {
    message,
    hint: 'Give the path of a qcow2 or raw disk image.',
    details: { path },
  });
}
