import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GrowingFile } from '../host/growing-file.js';
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
  const { lines } = options;
  const start =
    lines === undefined
      ? undefined
      : (file: FileHandle, size: number): Promise<number> => startOfLastLines(file, size, lines);
  const tails = options.logs.map((log) => ({ log, file: new GrowingFile(paths[log], start) }));
  for (const { log, file } of tails) for await (const bytes of file.read()) yield { log, bytes };
  while (options.follow === true && signal?.aborted !== true) {
    try {
      await sleep(POLL_MS, undefined, { signal });
    } catch {
      return;
    }
    for (const { log, file } of tails) for await (const bytes of file.read()) yield { log, bytes };
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
