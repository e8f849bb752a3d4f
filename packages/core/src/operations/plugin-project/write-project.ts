import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VmctlError } from '../../errors/vmctl-error.js';
import { errnoOf, fsError } from '../../host/fs-error.js';
import type { ProjectFiles } from './project-files.js';

/**
 * Makes a directory with these files, completely or not at all: they are written beside it, and then take its place.
 * One that is there and empty is filled.
 *
 * @param directory - absolute
 * @throws VMCTL_DIRECTORY_NOT_EMPTY, and the errors of {@link fsError}; nothing is left behind then
 */
export async function writeProject(directory: string, files: ProjectFiles): Promise<void> {
  const isThere = await isEmptyDirectory(directory);
  const parent = isThere ? directory : dirname(directory);
  let made: string | undefined;
  let staging: string | undefined;
  try {
    made = await mkdir(parent, { recursive: true });
    staging = await mkdtemp(join(parent, '.vmctl-create-'));
    // mkdtemp makes it for the user alone.
    const content = join(staging, 'project');
    for (const [path, text] of files) {
      await mkdir(dirname(join(content, path)), { recursive: true });
      await writeFile(join(content, path), text);
    }
    if (isThere) await moveEntries(content, directory);
    else await rename(content, directory);
    await rm(staging, { recursive: true });
  } catch (error) {
    await removeLeftovers(staging, made, parent);
    if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw notEmpty(directory, error);
    throw fsError(error, { verb: 'make the project', path: directory });
  }
}

/** Whether there is an empty directory; false where there is nothing. */
async function isEmptyDirectory(path: string): Promise<boolean> {
  let entries;
  try {
    entries = await readdir(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'make the project', path });
  }
  if (entries.length > 0) throw notEmpty(path);
  return true;
}

/** The working directory of a shell stays the one it is: its entries are put into it. */
async function moveEntries(from: string, to: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of await readdir(from)) {
      await rename(join(from, name), join(to, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) await rename(join(to, name), join(from, name)).catch(() => undefined);
    throw error;
  }
}

async function removeLeftovers(
  staging: string | undefined,
  made: string | undefined,
  parent: string,
): Promise<void> {
  if (staging !== undefined) await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  if (made === undefined) return;
  // The directories above, as far as they are new and nobody else has put something into them.
  for (let path = parent; path.startsWith(made); path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

function notEmpty(directory: string, cause?: unknown): VmctlError {
  return new VmctlError('VMCTL_DIRECTORY_NOT_EMPTY', {
    message: `${directory} is there already, and is not empty.`,
    hint: 'Choose another place: --directory DIR',
    cause,
    details: { path: directory },
  });
}
