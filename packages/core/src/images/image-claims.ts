import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fsError } from '../host/fs-error.js';

/** How a claim is called until it is complete; a VM's name starts with a letter or a digit. */
const TEMPORARY = /^\.(.+)\.\d+-[0-9a-f]{8}$/;

/**
 * Which image of the cache each VM is about to be made from: between the moment in which `up` has found an image and
 * the one in which the VM is in the registry nothing else tells that it is needed.
 *
 * A claim is a symbolic link, called like the VM, that names the image's file; one per VM, the newest. It holds as
 * long as an operation on that VM runs, which its lock tells, so nobody has to take it back.
 */
export class ImageClaims {
  readonly #directory: string;

  /** @param directory - absolute; made when it is missing */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Call under the lock of the VM. */
  async claim(vm: string, file: string): Promise<void> {
    const path = join(this.#directory, vm);
    // A VM's name starts with a letter or a digit.
    const temporary = join(this.#directory, `.${vm}.${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await symlink(file, temporary);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw fsError(error, { verb: 'write', path });
    }
  }

  /** All claims, those that hold no more included: file names of images by VM. */
  async list(): Promise<ReadonlyMap<string, string>> {
    const claims = new Map<string, string>();
    for (const vm of await this.#entries()) {
      if (vm.startsWith('.')) continue;
      const file = await readLink(join(this.#directory, vm));
      if (file !== undefined) claims.set(vm, file);
    }
    return claims;
  }

  /**
   * Takes the claim of a VM back, with what killed runs left of earlier ones. Call under the lock of the VM: then none
   * of it can hold.
   */
  async remove(vm: string): Promise<void> {
    for (const entry of await this.#entries()) {
      if (entry !== vm && TEMPORARY.exec(entry)?.[1] !== vm) continue;
      const path = join(this.#directory, entry);
      await rm(path, { force: true }).catch((error: unknown) => {
        throw fsError(error, { verb: 'remove', path });
      });
    }
  }

  /** The VMs of which there is a claim, or the beginning of one. */
  async vms(): Promise<readonly string[]> {
    const vms = (await this.#entries()).map((entry) => TEMPORARY.exec(entry)?.[1] ?? entry);
    return [...new Set(vms)].toSorted();
  }

  /** Whatever else lies there is nobody's claim. */
  async #entries(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#directory, { withFileTypes: true });
      return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw fsError(error, { verb: 'read the directory', path: this.#directory });
    }
  }
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read', path });
  }
}
