import { access, constants, realpath, stat } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { writeAtomic } from './atomic-file.js';
import { fsError } from './fs-error.js';

/**
 * Gives a user's file another content, in one step as {@link writeAtomic} does. Its mode stays, and a link that leads to
 * it stays a link.
 *
 * @throws VMCTL_NOT_WRITABLE also for a file that is read-only in a directory that is not; VMCTL_NOT_A_FILE
 */
export async function replaceContent(path: string, content: string): Promise<void> {
  let file: string;
  let mode: number;
  try {
    file = await realpath(path);
    const found = await stat(file);
    if (!found.isFile()) throw notAFile(path);
    mode = found.mode & 0o7777;
    await access(file, constants.W_OK);
  } catch (error) {
    throw fsError(error, { verb: 'write', path });
  }
  await writeAtomic(file, content, mode);
}

function notAFile(path: string): VmctlError {
  return new VmctlError('VMCTL_NOT_A_FILE', {
    message: `Cannot write ${path}: it is not a regular file.`,
    hint: 'Name a file, or "-" to read standard input and write standard output.',
    details: { path },
  });
}
