import { open, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';
import { VMFILE_NAME } from '../vmfile/find-vmfile.js';
import { debianImage, newVmFile } from '../vmfile/new-vmfile.js';
import { defineOneOffVm } from '../vmfile/one-off-vm.js';
import type { Runtime } from './runtime.js';

/** What a new VMFile says, and where it is written. Values mean what they mean in a VMFile. */
export interface InitOptions {
  /** Relative to the working directory. Default: `VMFile.kdl` there. */
  readonly file?: string | undefined;
  /** Of the VM. Default: after the directory that the file is in. */
  readonly name?: string | undefined;
  /** Path of a disk image, relative to the working directory. Not together with `imageUrl`. */
  readonly image?: string | undefined;
  /** Default: a cloud image of Debian for the platform. */
  readonly imageUrl?: string | undefined;
  /** Digest of what `imageUrl` gives. */
  readonly sha256?: string | undefined;
  /** Default 2. */
  readonly vcpus?: number | undefined;
  /** MiB, or with a unit: `2GiB`. Default 2048. */
  readonly memory?: string | undefined;
  /** GiB, or with a unit: `512M`. Default: 20 without an image, else as large as that is. */
  readonly disk?: string | undefined;
  /** Default: none is named, and the platform decides. */
  readonly backend?: string | undefined;
  /** Replace a file that is there. Default false. */
  readonly force?: boolean | undefined;
}

/** What was written. Field names are those of `vmctl init --json`. */
export interface CreatedVmFile {
  /** Absolute. */
  readonly path: string;
  /** The name of its VM. */
  readonly vm: string;
  /** Whether there was a file. */
  readonly replaced: boolean;
}

/**
 * Writes a VMFile for somebody who begins. It is valid, and formatted.
 *
 * @throws VMCTL_VMFILE_EXISTS without `force`; VMCTL_USAGE and VMCTL_VM_NAME_INVALID for settings that cannot be; what the
 *   file system refuses. Nothing is written then.
 */
export async function init(runtime: Runtime, options: InitOptions = {}): Promise<CreatedVmFile> {
  const { image, sha256, vcpus, memory, backend, force = false } = options;
  const path = resolve(runtime.cwd, options.file ?? VMFILE_NAME);
  const baseDir = dirname(path);
  const name = options.name ?? nameAfter(baseDir);
  const isDebian = image === undefined && options.imageUrl === undefined;
  const imageUrl = isDebian ? debianImage(runtime.platform) : options.imageUrl;
  // An image of the user's may be larger than any number that is chosen here.
  const disk = options.disk ?? (isDebian ? '20' : undefined);
  // Both refuse what no VM can have.
  runtime.dataDir.workDir(name);
  const { cloudInit } = defineOneOffVm(
    { name, image, imageUrl, sha256, vcpus, memory, disk },
    { baseDir: runtime.cwd, homeDir: runtime.homeDir },
  );
  const text = newVmFile({
    ...{ name, imageUrl, sha256, vcpus, memory, disk, backend },
    hostname: cloudInit?.hostname === name ? undefined : cloudInit?.hostname,
    image: image === undefined ? undefined : fromDirectory(baseDir, runtime.cwd, image),
    platform: runtime.platform,
  });
  return { path, vm: name, replaced: await write(path, text, force) };
}

/** A directory's name as a host may be called. */
function nameAfter(directory: string): string {
  const words = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  return words.slice(0, 63).replaceAll(/^-+|-+$/g, '') || 'vm';
}

/** A path of the working directory as the file writes it. */
function fromDirectory(baseDir: string, cwd: string, path: string): string {
  if (isAbsolute(path) || path.startsWith('~')) return path;
  const written = relative(baseDir, resolve(cwd, path));
  return written.startsWith('~') ? `./${written}` : written;
}

/** Returns whether a file was replaced. */
async function write(path: string, text: string, force: boolean): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return false;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw fsError(error, { verb: 'write', path });
    if (!force) throw exists(path, error);
  }
  const { replaceContent } = await import('../host/replace-content.js');
  await replaceContent(path, text);
  return true;
}

function exists(path: string, cause: unknown): VmctlError {
  return new VmctlError('VMCTL_VMFILE_EXISTS', {
    message: `${path} is there already.`,
    hint: 'Add --force to replace it, or write another one: --file PATH',
    cause,
    details: { path },
  });
}
