import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fsError } from './fs-error.js';

/**
 * Replaces a file in one step: readers see the old content or the new one, and after a crash as well.
 *
 * Temporary file in the same directory, fsync, rename, fsync of the directory. The temporary file is removed on
 * failure; after a crash it may stay behind, and {@link isLeftover} tells it.
 *
 * @param mode - permissions of the new file, whatever the umask; default 0600
 * @throws VMCTL_DISK_FULL, VMCTL_NOT_WRITABLE, VMCTL_FILE_MISSING (no such directory) and the like, which name the path
 */
export async function writeAtomic(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  let made = false;
  try {
    const file = await open(temporary, 'wx', 0o600);
    made = true;
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    made = false;
    await syncDirectory(dirname(path));
  } catch (error) {
    if (made) await rm(temporary, { force: true }).catch(() => undefined);
    throw fsError(error, { verb: 'write', path });
  }
}

/** Whether a directory entry is a temporary file that {@link writeAtomic} left behind for `name` in a crash. */
export function isLeftover(entry: string, name: string): boolean {
  const prefix = `.${name.slice(0, 200)}.`;
  return entry.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(entry.slice(prefix.length));
}

/** Makes the directory's entries last through a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // Some file systems (FUSE, CIFS) have no fsync for directories; there is nothing better to do there.
    if (!['EINVAL', 'ENOTSUP', 'EBADF', 'EISDIR'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await directory.close();
  }
}
