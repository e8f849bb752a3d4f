import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { errnoOf, fsError } from '../host/fs-error.js';
import { ImageProblem } from './image-problem.js';
import { parseQcow2Header, QCOW2_HEADER_BYTES } from './qcow2-header.js';

/**
 * The name of the file that a disk stands on, without its directory, as its qcow2 header has it. Undefined when the
 * disk stands for itself, is no qcow2, or is gone.
 *
 * @throws VMCTL_NOT_READABLE and the like: then it might stand on anything
 */
export async function backingFileName(path: string): Promise<string | undefined> {
  let name: string | undefined;
  try {
    // A disk may be a device. A pipe in the place of one is not waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const head = Buffer.alloc(QCOW2_HEADER_BYTES);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const { backingFileName: extent } = parseQcow2Header(head.subarray(0, bytesRead));
      if (extent === undefined) return undefined;
      const bytes = Buffer.alloc(extent.length);
      const read = await file.read(bytes, 0, bytes.length, extent.offset);
      name = bytes.subarray(0, read.bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    // What QEMU cannot open as a disk stands on nothing.
    if (error instanceof ImageProblem || errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read the disk', path });
  }
  // qemu-img may write a whole block graph instead of a path; the file is in it.
  if (!name.startsWith('json:')) return basename(name);
  const inGraph = /"(?:[a-z.]*\.)?filename"\s*:\s*"(?<file>[^"]+)"/.exec(name)?.groups?.['file'];
  return inGraph === undefined ? undefined : basename(inGraph);
}
