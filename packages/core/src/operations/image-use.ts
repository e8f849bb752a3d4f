import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf, fsError } from '../host/fs-error.js';
import { lockHolder } from '../host/lock.js';
import { backingFileName } from '../images/backing-file.js';
import { ImageClaims } from '../images/image-claims.js';
import type { Runtime } from './runtime.js';

/** The VMs that need each image of the cache, by the name of its file. */
export type ImageUse = ReadonlyMap<string, readonly string[]>;

/**
 * Which VMs need which images: registered ones, running or not; those that an `up` is about to make; and every work
 * directory with a disk that stands on an image, whether or not vms.json knows it.
 *
 * @throws VMCTL_REGISTRY_CORRUPT, and VMCTL_NOT_READABLE for a disk that cannot be read: any image might be needed
 */
export async function imageUse(runtime: Runtime): Promise<ImageUse> {
  const { registry, dataDir } = runtime;
  await registry.mustBeReadable();
  const use = new Map<string, Set<string>>();
  const add = (file: string | undefined, vm: string): void => {
    if (file !== undefined) use.set(file, (use.get(file) ?? new Set()).add(vm));
  };
  // Claims come first: when one does not hold any more, what became of its VM is in the registry.
  for (const [vm, file] of await new ImageClaims(dataDir.imageClaims).list()) {
    if (await isWorkedOn(runtime, vm)) add(file, vm);
  }
  const workDirs = new Map<string, string>();
  for (const name of await namesIn(dataDir.vms)) workDirs.set(join(dataDir.vms, name), name);
  for (const { name, image_path: image, overlay_path: overlay, work_dir: workDir } of await registry.list()) {
    if (typeof image === 'string') add(basename(image), name);
    if (typeof overlay === 'string') add(await backingFileName(overlay), name);
    workDirs.set(workDir, name);
  }
  for (const [workDir, vm] of workDirs) {
    for (const file of await filesBelow(workDir)) add(await backingFileName(file), vm);
  }
  return new Map([...use].map(([file, vms]) => [file, [...vms].toSorted()]));
}

async function isWorkedOn({ dataDir, processes }: Runtime, vm: string): Promise<boolean> {
  return (await lockHolder({ directory: dataDir.locks, name: `vm-${vm}`, processes })) !== undefined;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const entries = await entriesOf(directory);
  // Somebody may have moved a work directory to a larger disk.
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
}

/** Regular files of a directory and those below it: snapshots may be in folders of their own. */
async function filesBelow(directory: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw fsError(error, { verb: 'read the directory', path: directory });
  }
}
