import { readFile } from 'node:fs/promises';
import { errnoOf } from './fs-error.js';
import type { ProcessReader } from './process-reader.js';

/** What `/proc/<pid>/psinfo` says, as far as it is needed. */
export interface Psinfo {
  readonly pid: number;
  /** Threads; a zombie has none. */
  readonly threads: number;
  /** Seconds and nanoseconds since the epoch. */
  readonly start: string;
  /** The beginning of the arguments, at most 79 bytes. */
  readonly args: string;
}

/** Offsets in the 64-bit `psinfo_t`; see proc(5) of illumos. */
const OFFSET = { threads: 4, pid: 8, startSeconds: 88, startNanoseconds: 96, args: 152, argsEnd: 232 };

/** Reads a `psinfo_t` as a 64-bit process of a little-endian machine sees it. */
export function parsePsinfo(bytes: Buffer): Psinfo | undefined {
  if (bytes.length < OFFSET.argsEnd) return undefined;
  const args = bytes.subarray(OFFSET.args, OFFSET.argsEnd);
  const end = args.indexOf(0);
  return {
    pid: bytes.readInt32LE(OFFSET.pid),
    threads: bytes.readInt32LE(OFFSET.threads),
    start: `${bytes.readBigInt64LE(OFFSET.startSeconds)}.${bytes.readBigInt64LE(OFFSET.startNanoseconds)}`,
    args: args.toString('utf8', 0, end === -1 ? args.length : end).trimEnd(),
  };
}

/** Processes of illumos, through /proc; its ps cannot print start times that stay the same. */
export class IllumosProcesses implements ProcessReader {
  async startTime(pid: number): Promise<string | undefined> {
    const info = await this.#psinfo(pid);
    return info === undefined || info.threads === 0 ? undefined : info.start;
  }

  async commandLine(pid: number): Promise<readonly string[] | undefined> {
    const args = (await this.#psinfo(pid))?.args;
    return args === undefined || args === '' ? undefined : args.split(' ');
  }

  async #psinfo(pid: number): Promise<Psinfo | undefined> {
    try {
      const info = parsePsinfo(await readFile(`/proc/${pid}/psinfo`));
      return info?.pid === pid ? info : undefined;
    } catch (error) {
      if (['ENOENT', 'ESRCH', 'EACCES'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }
}
