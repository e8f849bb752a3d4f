import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, fsError } from '../host/fs-error.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';

/** The logs of a VM. */
export type LogName = 'console' | 'provision';

export interface LogOptions {
  readonly name: string;
  readonly logs: readonly LogName[];
  /** How many of the last lines; undefined: all. */
  readonly lines?: number | undefined;
  /** Go on with what comes, until the signal is aborted. Default false. */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A piece of one log; bytes as they are in the file. */
export interface LogChunk {
  readonly log: LogName;
  readonly bytes: Uint8Array;
}

const BLOCK = 64 * 1024;
const POLL_MS = 200;

/**
 * Reads logs of a VM: first what is there, log by log, then, with `follow`, what comes. A log that does not exist
 * yet is empty. A log that was cut or replaced is read from its start again. Memory stays at one block.
 *
 * @throws VMCTL_VM_UNKNOWN
 */
export async function* readLog(runtime: Runtime, options: LogOptions): AsyncGenerator<LogChunk> {
  const [handle] = await requireVms(runtime, [options.name]);
  if (handle === undefined) return;
  const { signal } = options;
  const files = workDirFiles(handle.work_dir);
  const paths = { console: files.consoleLog, provision: files.provisionLog };
  const tails = options.logs.map((log) => new LogTail(log, paths[log], options.lines));
  for (const tail of tails) yield* tail.read();
  while (options.follow === true && signal?.aborted !== true) {
    try {
      await sleep(POLL_MS, undefined, { signal });
    } catch {
      return;
    }
    for (const tail of tails) yield* tail.read();
  }
}

/** One log file, read on from where the last reading ended. */
class LogTail {
  readonly #log: LogName;
  readonly #path: string;
  #lines: number | undefined;
  #position = 0;
  #inode: number | undefined;

  constructor(log: LogName, path: string, lines: number | undefined) {
    this.#log = log;
    this.#path = path;
    this.#lines = lines;
  }

  async *read(): AsyncGenerator<LogChunk> {
    let file: FileHandle;
    try {
      file = await open(this.#path, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw fsError(error, { verb: 'read', path: this.#path });
    }
    try {
      const { ino, size } = await file.stat();
      const replaced = this.#inode !== undefined && (ino !== this.#inode || size < this.#position);
      if (replaced) this.#position = 0;
      else if (this.#inode === undefined && this.#lines !== undefined) {
        this.#position = await startOfLastLines(file, size, this.#lines);
      }
      this.#inode = ino;
      this.#lines = undefined;
      // Only what is there now: a log that grows faster than it is read must not starve the other.
      while (this.#position < size) {
        const length = Math.min(BLOCK, size - this.#position);
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, this.#position);
        if (bytesRead === 0) return;
        this.#position += bytesRead;
        yield { log: this.#log, bytes: buffer.subarray(0, bytesRead) };
      }
    } finally {
      await file.close();
    }
  }
}

/** Where the last `lines` lines begin, found from the end block by block. */
async function startOfLastLines(file: FileHandle, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let index = buffer.length - 1; index >= 0; index--) {
      // The newline at the very end closes the last line, it does not begin another.
      if (buffer[index] !== 0x0a || start + index === size - 1) continue;
      if (++found === lines) return start + index + 1;
    }
    end = start;
  }
  return 0;
}
