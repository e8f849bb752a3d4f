import { watch } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { errnoOf, fsError } from './fs-error.js';
import { openRegular } from './regular-file.js';

const BLOCK = 64 * 1024;

/** Where reading begins, in bytes from the start of the file. */
export type StartOf = (file: FileHandle, size: number) => number | Promise<number>;

/**
 * A file that others append to, read on from where the last reading ended. Memory stays at one block.
 *
 * It is kept open, so that a file which loses its name is still read to its end: one that was renamed, replaced or
 * removed. Whoever reads it closes it.
 */
export class GrowingFile implements AsyncDisposable {
  readonly path: string;
  readonly #start: StartOf | undefined;
  #position = 0;
  /** Of the file that the position is in. */
  #identity: FileIdentity | undefined;
  #handle: FileHandle | undefined;

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
   * Takes the place where reading begins, and how large the file is now. It is not kept open by that.
   *
   * @returns undefined when there is no such file yet
   */
  async locate(): Promise<{ readonly size: number } | undefined> {
    const handle = await this.#open();
    if (handle === undefined) return undefined;
    try {
      const { dev, ino, size } = await handle.stat();
      if (this.#identity === undefined) await this.#begin(handle, { dev, ino });
      return { size };
    } finally {
      await handle.close();
    }
  }

  /**
   * What has been added, up to the size that the file has at the call: one that grows faster than it is read keeps
   * nobody. A file that was cut is read from its start again. When another file has the name, the rest of the old one
   * comes first. A file that is not there is empty.
   */
  async *read(): AsyncGenerator<Uint8Array> {
    let next = await this.#openNext();
    try {
      // Looked for before: what was written to the old one until it lost its name is read.
      if (this.#handle !== undefined) yield* this.#rest(this.#handle);
      if (next === undefined) return;
      const { dev, ino } = await next.stat();
      if (!isSame(this.#identity, { dev, ino })) await this.#begin(next, { dev, ino });
      await this.close();
      this.#handle = next;
      next = undefined;
      yield* this.#rest(this.#handle);
    } finally {
      await next?.close();
    }
  }

  /** Reading goes on where it was all the same. Idempotent. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The file that has the name now, unless it is the one that is open already. */
  async #openNext(): Promise<FileHandle | undefined> {
    if (this.#handle === undefined) return this.#open();
    try {
      return isSame(this.#identity, await stat(this.path)) ? undefined : await this.#open();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fsError(error, { verb: 'read', path: this.path });
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await openRegular(this.path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fsError(error, { verb: 'read', path: this.path });
    }
  }

  async #begin(handle: FileHandle, identity: FileIdentity): Promise<void> {
    const isFirst = this.#identity === undefined;
    this.#identity = identity;
    const { size } = await handle.stat();
    this.#position = isFirst ? ((await this.#start?.(handle, size)) ?? 0) : 0;
  }

  async *#rest(handle: FileHandle): AsyncGenerator<Uint8Array> {
    const { size } = await handle.stat();
    if (size < this.#position) this.#position = 0;
    while (this.#position < size) {
      const length = Math.min(BLOCK, size - this.#position);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

/** While a file is open nobody else gets its inode number. */
interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

function isSame(a: FileIdentity | undefined, b: FileIdentity): boolean {
  return a !== undefined && a.dev === b.dev && a.ino === b.ino;
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
