import { lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { shellWord } from '../errors/shell-word.js';
import { writeAtomic } from '../host/atomic-file.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { pathExists } from '../host/path-exists.js';

/** Stands in a work directory until the VM is in vms.json: without its entry, such a directory is a left-over. */
const MARKER = '.preparing';

/** How a directory is called before it becomes a work directory, and while it is removed; never a legal VM name. */
const NEW_PREFIX = '.new-';
/** mkdtemp adds six characters. */
const UNBORN = /^\.new-(.+)-.{6}$/;

/**
 * Makes the work directory of a VM that does not exist yet, 0700, marked as being made. What a killed run left of
 * the same VM is removed first. Call under the VM's lock.
 *
 * @throws VMCTL_WORKDIR_UNREGISTERED when there is a finished one that vms.json has lost: it may hold a disk
 */
export async function createWorkDir(path: string): Promise<void> {
  await refuseUnregistered(path);
  if (await pathExists(path)) await removeWorkDir(path);
  const parent = dirname(path);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeUnborn(parent, basename(path));
  // The marker has to be there from the first moment on, so the directory appears by a rename.
  const unborn = await mkdtemp(join(parent, `${NEW_PREFIX}${basename(path)}-`));
  await writeAtomic(join(unborn, MARKER), '');
  await rename(unborn, path);
}

/**
 * For the work directory of a VM that is not in vms.json. Changes nothing.
 *
 * @throws VMCTL_WORKDIR_UNREGISTERED when there is a finished one that vms.json has lost: it may hold a disk
 */
export async function refuseUnregistered(path: string): Promise<void> {
  if ((await pathExists(path)) && !(await isHalfMade(path))) throw unregistered(path);
}

/** The VM is in vms.json now. Idempotent. */
export async function settleWorkDir(path: string): Promise<void> {
  await rm(join(path, MARKER), { force: true });
}

/**
 * Removes a work directory with all it holds. Idempotent. Killed in between, it leaves nothing under the VM's name:
 * the directory is renamed first, and the next call removes the rest.
 *
 * @throws VMCTL_FILE_FAILED for a link that somebody has put there: what it leads to may hold more than the VM
 */
export async function removeWorkDir(path: string): Promise<void> {
  const parent = dirname(path);
  const name = basename(path);
  await refuseLink(path);
  let grave: string | undefined;
  try {
    grave = await mkdtemp(join(parent, `${NEW_PREFIX}${name}-`));
    await rename(path, grave);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      if (grave !== undefined) await rmdir(grave);
      throw fsError(error, { verb: 'remove', path });
    }
  }
  if (await pathExists(parent)) await removeUnborn(parent, name);
}

async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined); // whatever is the matter, the removal says it
  if (found?.isSymbolicLink() !== true) return;
  throw new VmctlError('VMCTL_FILE_FAILED', {
    message: `${path} is a symbolic link; vmctl removes nothing through it, for there may be more than the VM.`,
    hint: `Remove by hand what it leads to, and the link: rm ${shellWord(path)}. Then run the command again.`,
    details: { path },
  });
}

/** Whether a run that was killed left a half-made work directory there. */
export async function isHalfMade(path: string): Promise<boolean> {
  return pathExists(join(path, MARKER));
}

/**
 * Removes what killed runs left of a VM: directories that were on their way in or out, and, unless vms.json has the VM,
 * the half-made work directory. One that may hold a disk stays. Call under the VM's lock.
 *
 * @returns whether there was anything
 */
export async function removeLeftoversOf(
  path: string,
  { isRegistered }: { readonly isRegistered: boolean },
): Promise<boolean> {
  if (!(await vmsWithLeftovers(dirname(path))).includes(basename(path))) return false;
  if (isRegistered) await settleWorkDir(path);
  else if (await isHalfMade(path)) await removeWorkDir(path);
  await removeUnborn(dirname(path), basename(path));
  return true;
}

/** Names of the VMs of which a killed run left something: a half-made work directory, or one on its way in or out. */
export async function vmsWithLeftovers(vms: string): Promise<string[]> {
  const unborn = (await readdir(vms).catch(() => [])).flatMap((entry) => UNBORN.exec(entry)?.[1] ?? []);
  return [...new Set([...(await halfMadeVms(vms)), ...unborn])].toSorted();
}

async function removeUnborn(parent: string, name: string): Promise<void> {
  const prefix = `${NEW_PREFIX}${name}-`;
  for (const entry of await readdir(parent)) {
    // mkdtemp adds six characters; a longer rest belongs to another VM.
    if (entry.startsWith(prefix) && entry.length === prefix.length + 6) {
      await rm(join(parent, entry), { recursive: true, force: true });
    }
  }
}

function unregistered(path: string): VmctlError {
  return new VmctlError('VMCTL_WORKDIR_UNREGISTERED', {
    message: `The work directory ${path} exists, but vms.json has no such VM.`,
    hint: `It may hold a disk that you want. Move it away, or remove it: rm -r ${shellWord(path)}`,
    details: { path },
  });
}

/** Names of the VMs of which a killed run left a half-made work directory. */
export async function halfMadeVms(vms: string): Promise<string[]> {
  const names = await readdir(vms).catch(() => []);
  const found: string[] = [];
  for (const name of names) {
    if (!name.startsWith('.') && (await isHalfMade(join(vms, name)))) found.push(name);
  }
  return found;
}
