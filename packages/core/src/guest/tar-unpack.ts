import { chmod, lstat, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Unpack } from 'tar';
import { asError, VmctlError } from '../errors/vmctl-error.js';
import { errnoOf, fsError } from '../host/fs-error.js';

/**
 * Unpacks an archive that a guest made into a local directory.
 *
 * The guest is not trusted: nothing is written outside of the directory, nothing gets set-uid bits or another owner.
 * Symbolic links are kept whatever they lead to, and made last, so that nothing is ever written through them.
 */
export class TarUnpacker {
  readonly #directory: string;
  readonly #unpack: Unpack;
  readonly #links: { readonly path: string; readonly target: string }[] = [];
  readonly #modes: { readonly path: string; readonly mode: number }[] = [];
  readonly #done: Promise<void>;
  #problem: Error | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#unpack = new Unpack({
      cwd: directory,
      preserveOwner: false,
      dmode: 0o755,
      filter: (path, entry) => {
        // Entries are stats only when something is packed.
        if (!('type' in entry)) return true;
        if (entry.type === 'SymbolicLink') {
          this.#links.push({ path, target: entry.linkpath ?? '' });
          return false;
        }
        const mode = (entry.mode ?? 0o644) & 0o777;
        if (entry.type !== 'Link') this.#modes.push({ path, mode });
        // A directory that its owner may not write to has to be filled first.
        entry.mode = entry.type === 'Directory' ? mode | 0o700 : mode;
        return true;
      },
      onwarn: (code, message) => {
        if (code !== 'TAR_ENTRY_INFO' && code !== 'TAR_ENTRY_UNSUPPORTED') this.#problem ??= asError(message);
      },
    });
    this.#done = new Promise((resolve, reject) => {
      this.#unpack.once('close', resolve);
      this.#unpack.once('error', reject);
    });
    this.#done.catch(() => undefined);
  }

  /** @param mode - of the directory, should it be new */
  static async open(directory: string, mode: number): Promise<TarUnpacker> {
    try {
      const made = await mkdir(directory, { recursive: true });
      if (made !== undefined) await chmod(directory, mode);
      return new TarUnpacker(await realpath(directory));
    } catch (error) {
      throw fsError(error, { verb: 'make the directory', path: directory });
    }
  }

  take(chunk: Uint8Array): void | Promise<void> {
    this.#throwProblem();
    if (this.#unpack.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) return undefined;
    return new Promise((resolve, reject) => {
      this.#unpack.once('drain', resolve);
      this.#done.then(resolve, reject);
    });
  }

  async finish(): Promise<void> {
    this.#unpack.end();
    await this.#done.catch((error: unknown) => {
      throw this.#failure(error);
    });
    this.#throwProblem();
    for (const { path, target } of this.#links) await this.#link(path, target);
    // What is in a directory comes before the directory, which may be closed from then on.
    for (const { path, mode } of this.#modes.toReversed()) await this.#chmod(path, mode);
  }

  /** What is there stays: a directory that was there before cannot be told from what came. */
  async abandon(): Promise<void> {
    this.#unpack.abort(new Error('the transfer was broken off'));
    await this.#done.catch(() => undefined);
  }

  async #link(path: string, target: string): Promise<void> {
    const place = join(this.#directory, path);
    try {
      await mkdir(dirname(place), { recursive: true });
      const parent = await realpath(dirname(place));
      if (parent !== this.#directory && !parent.startsWith(this.#directory + sep)) {
        throw this.#failure(new Error(`${path} leads out of the directory`));
      }
      await this.#makeRoom(place);
      await symlink(target, place);
    } catch (error) {
      throw fsError(error, { verb: 'make the symbolic link', path: place });
    }
  }

  /** The modes of an archive count, whatever the umask. */
  async #chmod(path: string, mode: number): Promise<void> {
    const place = join(this.#directory, path);
    if (place === this.#directory || place === this.#directory + sep) return;
    try {
      await chmod(place, mode);
    } catch (error) {
      throw fsError(error, { verb: 'change the mode of', path: place });
    }
  }

  async #makeRoom(place: string): Promise<void> {
    const stats = await lstat(place).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (stats !== undefined && !stats.isDirectory()) await rm(place);
  }

  #throwProblem(): void {
    if (this.#problem !== undefined) throw this.#failure(this.#problem);
  }

  #failure(cause: unknown): Error {
    const error = asError(cause);
    return new VmctlError('VMCTL_GUEST_TRANSFER_FAILED', {
      message: `Cannot unpack what the guest sent into ${this.#directory}: ${error.message}`,
      cause,
      details: { path: this.#directory },
    });
  }
}
