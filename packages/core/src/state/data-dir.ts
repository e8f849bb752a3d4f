import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';

/**
 * Where vmctl keeps its data: `$XDG_DATA_HOME/vmctl`, by default `~/.local/share/vmctl`. A relative
 * `XDG_DATA_HOME` is ignored, as the XDG Base Directory Specification asks.
 */
export function resolveDataDir(env: Readonly<Record<string, string | undefined>>, homeDir: string): string {
  const dataHome = env['XDG_DATA_HOME'];
  const base = dataHome !== undefined && isAbsolute(dataHome) ? dataHome : join(homeDir, '.local', 'share');
  return join(base, 'vmctl');
}

/** 1 to 63 of `a-z A-Z 0-9 . _ -`, the first one a letter or a digit: safe as a directory's name. */
export const VM_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;

/** The data directory and what is where in it. */
export class DataDir {
  /** Absolute. */
  readonly path: string;
  /** `vms.json`. */
  readonly registryFile: string;
  /** What commands have done, for `vmctl events`. */
  readonly eventsFile: string;
  /** The image cache. */
  readonly images: string;
  /** Which image each VM is just being made from; nothing in it is worth keeping. */
  readonly imageClaims: string;
  /** The work directories, by VM name. */
  readonly vms: string;
  /** The plugins that VMFiles require. */
  readonly projectPlugins: string;
  /** Locks between processes; nothing in it is worth keeping. */
  readonly locks: string;

  constructor(path: string) {
    this.path = path;
    this.registryFile = join(path, 'vms.json');
    this.eventsFile = join(path, 'events.jsonl');
    this.images = join(path, 'images');
    this.imageClaims = join(path, '.image-claims');
    this.vms = join(path, 'vms');
    this.projectPlugins = join(path, 'project-plugins');
    this.locks = join(path, '.locks');
  }

  /**
   * The work directory of a VM; it need not exist.
   *
   * @throws VMCTL_VM_NAME_INVALID for a name that must not become a path
   */
  workDir(name: string): string {
    if (!VM_NAME.test(name)) {
      throw new VmctlError('VMCTL_VM_NAME_INVALID', {
        message: `"${name}" cannot be the name of a VM.`,
        hint: 'A name has 1 to 63 of the characters a-z A-Z 0-9 . _ - and starts with a letter or a digit.',
        details: { name },
      });
    }
    return join(this.vms, name);
  }

  /**
   * Makes what is missing, readable for the user alone, and takes away what others may do with what is there
   * ({@link openToOthers}). Idempotent.
   *
   * @throws VMCTL_NOT_A_DIRECTORY, VMCTL_NOT_WRITABLE, VMCTL_DISK_FULL
   */
  async open(): Promise<void> {
    await makeDirectory(this.path);
    for (const path of await this.openToOthers()) await closeToOthers(path);
    for (const path of [this.images, this.vms, this.locks]) await makeDirectory(path);
  }

  /**
   * The directories that other users can look into and should not. Keys and disks are below the data directory, so that
   * one closed door serves for all of them; where it holds what is not vmctl's as well (`dataDir: .` in a project, or a
   * home directory), the doors are those of vmctl's own directories in it.
   */
  async openToOthers(): Promise<readonly string[]> {
    if (!(await isOpenToOthers(this.path))) return [];
    if (await this.#isOwn()) return [this.path];
    const open: string[] = [];
    for (const path of this.#directories) {
      if (await isOpenToOthers(path)) open.push(path);
    }
    return open;
  }

  get #directories(): readonly string[] {
    return [this.images, this.imageClaims, this.vms, this.projectPlugins, this.locks];
  }

  /** Whether all that is in it is vmctl's. */
  async #isOwn(): Promise<boolean> {
    const { path, registryFile, eventsFile } = this;
    // The user's plugins are here by default, and with VMCTL_DATA_DIR.
    const names = ['plugins', ...this.#directories.map((each) => basename(each))];
    // With what is written beside them: temporary files, and a damaged vms.json that was kept.
    const files = [basename(registryFile), basename(eventsFile)];
    try {
      return (await readdir(path)).every(
        (entry) => names.includes(entry) || files.some((file) => entry.includes(file)),
      );
    } catch (error) {
      throw dataDirError(error, { verb: 'read the directory', path });
    }
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw dataDirError(error, { verb: 'make the directory', path });
  }
}

async function closeToOthers(path: string): Promise<void> {
  try {
    await chmod(path, 0o700);
  } catch (error) {
    throw dataDirError(error, { verb: 'change the mode of', path });
  }
}

/** One that is missing is not. */
async function isOpenToOthers(path: string): Promise<boolean> {
  try {
    return ((await stat(path)).mode & 0o077) !== 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw dataDirError(error, { verb: 'look at', path });
  }
}

/** Adds the way out that only this directory has. */
function dataDirError(error: unknown, attempt: { readonly verb: string; readonly path: string }): Error {
  const known = fsError(error, attempt);
  if (!isVmctlError(known) || known.code === 'VMCTL_DISK_FULL') return known;
  return new VmctlError(known.code, {
    message: known.message,
    hint: 'vmctl keeps its data there. To keep it elsewhere: dataDir in a configuration, or VMCTL_DATA_DIR (vmctl help config).',
    cause: error,
    details: known.details,
  });
}
