import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fsError } from '../host/fs-error.js';

/** Received chunks are written together: each write costs a trip through the thread pool. */
const WRITE_BYTES = 512 * 1024;

/** A local file that appears when it is complete. */
export class ReceivedFile {
  readonly #file: FileHandle;
  readonly #temporary: string;
  readonly #path: string;
  readonly #mode: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isOpen = true;
  /** Where the next write goes: two that receive the same file write the same bytes to the same places. */
  #position: number;
  /** Whether what has arrived stays when the rest does not come. */
  readonly #isKept: boolean;

  private constructor(
    file: FileHandle,
    paths: { readonly temporary: string; readonly path: string },
    mode: number,
    { position = 0, isKept = false } = {},
  ) {
    this.#file = file;
    this.#temporary = paths.temporary;
    this.#path = paths.path;
    this.#mode = mode;
    this.#position = position;
    this.#isKept = isKept;
  }

  static async open(path: string, mode: number): Promise<ReceivedFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const real = await realTarget(path);
      const temporary = join(
        dirname(real),
        `.${basename(real).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`,
      );
      return new ReceivedFile(await open(temporary, 'wx', 0o600), { temporary, path: real }, mode);
    } catch (error) {
      throw fsError(error, { verb: 'write', path });
    }
  }

  /**
   * The same with a part that stays when the rest does not come.
   *
   * @param paths - `path` is no symbolic link, `temporary` is in its directory
   * @param position - how much of the part counts; what it has behind that is cut off
   */
  static async openPart(
    paths: { readonly temporary: string; readonly path: string },
    mode: number,
    position: number,
  ): Promise<ReceivedFile> {
    try {
      // What somebody else has put there is not written to.
      if (position === 0) await rm(paths.temporary, { force: true });
      const file = await open(paths.temporary, position === 0 ? 'wx' : 'r+', 0o600);
      const part = new ReceivedFile(file, paths, mode, { position, isKept: true });
      await file.truncate(position).catch(async (error: unknown) => {
        await part.#close();
        throw error;
      });
      return part;
    } catch (error) {
      throw fsError(error, { verb: 'write', path: paths.path });
    }
  }

  take(chunk: Uint8Array): void | Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    return this.#waitingBytes >= WRITE_BYTES ? this.#write() : undefined;
  }

  async finish(): Promise<void> {
    await this.#write();
    try {
      await this.#file.chmod(this.#mode);
      await this.#close();
      await rename(this.#temporary, this.#path);
    } catch (error) {
      throw fsError(error, { verb: 'write', path: this.#path });
    }
  }

  async abandon(): Promise<void> {
    if (this.#isKept && this.#isOpen) await this.#write().catch(() => undefined);
    await this.#close();
    if (!this.#isKept) await rm(this.#temporary, { force: true });
  }

  async #write(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (chunks.length === 0) return;
    try {
      const position = this.#position;
      this.#position += chunks.reduce((sum, { length }) => sum + length, 0);
      await this.#file.writev(chunks, position);
    } catch (error) {
      throw fsError(error, { verb: 'write', path: this.#path });
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

/** A symbolic link stays one; what it leads to is replaced. */
export async function realTarget(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  });
}
