import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, fsError } from './fs-error.js';

const BLOCK = 64 * 1024;

/** Where reading begins, in bytes from the start of the file. */
export type StartOf = (file: FileHandle, size: number) => number | Promise<number>;

/** A file that others append to, read on from where the last reading ended. Memory stays at one block. */
export class GrowingFile {
  readonly path: string;
  #start: StartOf | undefined;
  #position = 0;
  #inode: number | undefined;

  /** @param start - where the first reading begins; default: at the start */
  constructor(path: string, start?: StartOf) {
    this.path = path;
    this.#start = start;
  }

  /** Bytes before the next one to be read. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes the place where reading begins, and how large the file is now.
   *
   * @returns undefined when there is no such file yet
   */
  async locate(): Promise<{ readonly size: number } | undefined> {
    await using file = await this.#open();
    return file === undefined ? undefined : { size: await this.#place(file) };
  }

  /**
   * What has been added, up to the size that the file has at the call: one that grows faster than it is read keeps
   * nobody. A file that was cut or replaced is read from its start again, one that is not there is empty.
   */
  async *read(): AsyncGenerator<Uint8Array> {
    await using file = await this.#open();
    if (file === undefined) return;
    const size = await this.#place(file);
    while (this.#position < size) {
      const length = Math.min(BLOCK, size - this.#position);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.path, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fsError(error, { verb: 'read', path: this.path });
    }
  }

  async #place(file: FileHandle): Promise<number> {
    const { ino, size } = await file.stat();
    if (this.#inode === undefined) this.#position = (await this.#start?.(file, size)) ?? 0;
    else if (ino !== this.#inode || size < this.#position) this.#position = 0;
    this.#inode = ino;
    return size;
  }
}

/**
 * Calls `changed` soon after a file was written to, as far as the system tells; never when it does not. Returns the
 * function that ends it.
 */
export function onFileChange(path: string, changed: () => void): () => void {
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
