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

  private constructor(file: FileHandle, temporary: string, path: string, mode: number) {
    this.#file = file;
    this.#temporary = temporary;
    this.#path = path;
    this.#mode = mode;
  }

  static async open(path: string, mode: number): Promise<ReceivedFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      // A symbolic link stays one; what it leads to is replaced.
      const real = await realpath(path).catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return path;
        throw error;
      });
      const temporary = join(
        dirname(real),
        `.${basename(real).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`,
      );
      return new ReceivedFile(await open(temporary, 'wx', 0o600), temporary, real, mode);
    } catch (error) {
      throw fsError(error, { verb: 'write', path });
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
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #write(): Promise<void> {
    const chunks = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (chunks.length === 0) return;
    try {
      await this.#file.writev(chunks);
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
