import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { pathExists } from '../host/path-exists.js';

/** What a VMFile is called. */
export const VMFILE_NAME = 'VMFile.kdl';

/**
 * The VMFile of a directory, or of the nearest one above it that has one. Absolute.
 *
 * @throws VMCTL_VMFILE_NOT_FOUND when there is none up to the root
 */
export async function findVmFile(startDir: string): Promise<string> {
  const start = resolve(startDir);
  for (let directory = start; ; directory = dirname(directory)) {
    const path = join(directory, VMFILE_NAME);
    // A directory that may not be looked into has no VMFile for this user.
    if (await pathExists(path)) return path;
    if (dirname(directory) === directory) throw await notFound(start);
  }
}

async function notFound(directory: string): Promise<VmctlError> {
  const similar = await similarName(directory);
  return new VmctlError('VMCTL_VMFILE_NOT_FOUND', {
    message: `There is no ${VMFILE_NAME} in ${directory} or in a directory above it.`,
    hint:
      similar === undefined
        ? `Go to the directory of your project, write one: vmctl init, or name one: --file PATH`
        : `There is ${similar} here: call it ${VMFILE_NAME}, or name it: --file ${similar}`,
    details: { directory },
  });
}

/** A file of nearly that name: `vmfile.kdl`, `VMFile`. */
async function similarName(directory: string): Promise<string | undefined> {
  try {
    return (await readdir(directory)).find((name) => /^vm-?file(\.kdl)?$/i.test(name));
  } catch {
    return undefined;
  }
}
