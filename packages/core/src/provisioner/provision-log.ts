import { constants, createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fsError } from '../host/fs-error.js';
import { openRegular } from '../host/regular-file.js';

/** From this size on a new log is begun when a run begins … */
const MAX_SIZE = 64 * 1024 * 1024;
/** … and so much of the old one is kept beside it. */
const KEPT_SIZE = 32 * 1024 * 1024;
/** Characters that wait to be written before writers are asked to wait. */
const HIGH_WATER = 256 * 1024;

export interface ProvisionLogOptions {
  readonly path: string;
  /** Told once when the log cannot be written; provisioning goes on without it. */
  readonly onProblem: (error: Error) => void;
  /** Bytes; default 64 MiB, of which 32 MiB are kept. */
  readonly maxSize?: number | undefined;
  readonly keptSize?: number | undefined;
}

/**
 * provision.log of one VM: appended, mode 0600. The end of one that has grown too large is kept as `provision.log.1`: a log
 * only ever grows, so that whoever follows it can tell what is new.
 */
export class ProvisionLog {
  readonly path: string;
  readonly #onProblem: (error: Error) => void;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #size = 0;
  #writing: Promise<void> | undefined;

  private constructor({ path, onProblem }: ProvisionLogOptions) {
    this.path = path;
    this.#onProblem = onProblem;
  }

  /** Opens the log, or makes it. Never rejects. */
  static async open(options: ProvisionLogOptions): Promise<ProvisionLog> {
    const log = new ProvisionLog(options);
    try {
      await log.#open(options.maxSize ?? MAX_SIZE, options.keptSize ?? KEPT_SIZE);
    } catch (error) {
      await log.#fail(error);
    }
    return log;
  }

  /** Whether what is written is kept. */
  get usable(): boolean {
    return this.#file !== undefined;
  }

  /** Adds text. The promise, when there is one, resolves when more may come; it never rejects. */
  write(text: string): Promise<void> | undefined {
    if (this.#file === undefined || text === '') return undefined;
    this.#waiting.push(text);
    this.#size += text.length;
    this.#writing ??= this.#drain(this.#file);
    return this.#size > HIGH_WATER ? this.#writing : undefined;
  }

  /** Writes what waits, and closes the file. Idempotent. */
  async close(): Promise<void> {
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #open(maxSize: number, keptSize: number): Promise<void> {
    this.#file = await openForAppending(this.path);
    await this.#file.chmod(0o600);
    const { size } = await this.#file.stat();
    if (size <= maxSize) return;
    await this.#file.close();
    this.#file = undefined;
    await keepEnd(this.path, `${this.path}.1`, size - keptSize);
    await rm(this.path, { force: true });
    this.#file = await openForAppending(this.path);
  }

  async #drain(file: FileHandle): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = this.#waiting.join('');
      this.#waiting = [];
      this.#size = 0;
      try {
        await file.appendFile(text);
      } catch (error) {
        await this.#fail(error);
        break;
      }
    }
    this.#writing = undefined;
  }

  async #fail(error: unknown): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#waiting = [];
    this.#onProblem(fsError(error, { verb: 'write', path: this.path }));
    await file?.close().catch(() => undefined);
  }
}

function openForAppending(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  return openRegular(path, O_WRONLY | O_APPEND | O_CREAT, 0o600);
}

/** Keeps the end of a file, from the first line that begins after `offset`, and a line that says so. */
async function keepEnd(path: string, kept: string, offset: number): Promise<void> {
  // What a killed vmctl leaves of it is overwritten by the next run, which finds the log as large as this one.
  const replacement = `${path}.new`;
  await using source = await open(path, 'r');
  const { buffer, bytesRead } = await source.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, offset);
  const start = offset + buffer.subarray(0, bytesRead).indexOf('\n') + 1;
  const target = createWriteStream(replacement, { mode: 0o600, flush: true });
  target.write(`[vmctl: the oldest ${start} bytes of this log were left out here]\n`);
  await pipeline(createReadStream(path, { start }), target);
  await rename(replacement, kept);
}
