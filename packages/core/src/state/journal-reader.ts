import { type FileHandle, stat } from 'node:fs/promises';
import { errnoOf, fsError } from '../host/fs-error.js';
import { openRegular } from '../host/regular-file.js';
import type { DataDir } from './data-dir.js';
import { type JournalEntry, parseEntry } from './journal-entry.js';
import { journalFiles } from './journal-file.js';

const BLOCK = 64 * 1024;
/** No line of ours is as long: what comes without a newline for so long is not kept in memory. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** Reads the journal on from where the last reading ended, over its rotation. Whoever opens it closes it. */
export class JournalReader implements AsyncDisposable {
  readonly #files: ReturnType<typeof journalFiles>;
  #file: FileHandle | undefined;
  #position = 0;
  /** Bytes of a line whose end is not there yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** Whether the file was seen without its name before. */
  #wasReplaced = false;

  private constructor(files: ReturnType<typeof journalFiles>) {
    this.#files = files;
  }

  /** @param options.history - begin with all that is there, else with what comes */
  static async open(dataDir: DataDir, options: { readonly history: boolean }): Promise<JournalReader> {
    const files = journalFiles(dataDir);
    const { current, older } = files;
    const reader = new JournalReader(files);
    const first = options.history ? await openIfThere(older) : undefined;
    reader.#file = first ?? (await openIfThere(current));
    // The older part has lost its name long ago: all that is there comes with the first reading.
    reader.#wasReplaced = first !== undefined;
    if (!options.history) reader.#position = (await reader.#file?.stat())?.size ?? 0;
    return reader;
  }

  /** What has come, whole lines only. Lines that are none of ours are passed over. */
  async *read(): AsyncGenerator<JournalEntry> {
    const { current, older } = this.#files;
    this.#file ??= await openIfThere(current);
    for (;;) {
      const file = this.#file;
      if (file === undefined) return;
      const isReplaced = !(await hasName(file, current));
      yield* this.#drain(file);
      if (!isReplaced) return;
      // A process that has it open may still be writing: the next reading looks once more, and goes on to the new one.
      if (!this.#wasReplaced) {
        this.#wasReplaced = true;
        return;
      }
      // When two parts were begun since, the first of them is the older part by now.
      const isOlder = await hasName(file, older);
      const between = isOlder ? undefined : await openIfThere(older);
      const next = between ?? (await openIfThere(current));
      if (next === undefined) return;
      await this.close();
      this.#file = next;
      this.#wasReplaced = between !== undefined;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#position = 0;
    this.#rest = Buffer.alloc(0);
    this.#wasReplaced = false;
    await file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#drain(file: FileHandle): AsyncGenerator<JournalEntry> {
    for (;;) {
      const { buffer, bytesRead } = await this.#next(file);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const bytes = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(0x0a) + 1;
      this.#rest = bytes.length - end > LONGEST_LINE ? Buffer.alloc(0) : bytes.subarray(end);
      for (const line of bytes.toString('utf8', 0, end).split('\n')) {
        const entry = parseEntry(line);
        if (entry !== undefined) yield entry;
      }
    }
  }

  async #next(file: FileHandle) {
    try {
      return await file.read(Buffer.alloc(BLOCK), 0, BLOCK, this.#position);
    } catch (error) {
      throw fsError(error, { verb: 'read', path: this.#files.current });
    }
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fsError(error, { verb: 'read', path });
  }
}

async function hasName(file: FileHandle, path: string): Promise<boolean> {
  try {
    const [own, there] = await Promise.all([file.stat(), stat(path)]);
    return own.dev === there.dev && own.ino === there.ino;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw fsError(error, { verb: 'read', path });
  }
}
