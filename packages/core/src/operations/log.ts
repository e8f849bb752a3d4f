import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GrowingFile } from '../host/growing-file.js';
import { vmLockHolder } from '../state/vm-lock.js';
import { olderLog, workDirFiles } from '../state/work-dir-files.js';
import { requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';

/** The logs of a VM. */
export type LogName = 'console' | 'provision';

export interface LogOptions {
  readonly name: string;
  readonly logs: readonly LogName[];
  /** How many of the last lines; undefined: all. */
  readonly lines?: number | undefined;
  /** Go on with what comes, until the signal is aborted or the VM is destroyed. Default false. */
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
/** How often it is looked whether there is still a VM that could write. */
const GONE_POLL_MS = 1000;

/**
 * Reads logs of a VM: first what is there, log by log, then, with `follow`, what comes: over restarts of the VM, over
 * rotation, and when it is made anew. A log that does not exist yet is empty, and waited for. Memory stays at one block.
 *
 * With `follow` it ends when the signal is aborted, and when the VM was destroyed.
 *
 * @throws VMCTL_VM_UNKNOWN
 */
export async function* readLog(runtime: Runtime, options: LogOptions): AsyncGenerator<LogChunk> {
  const [handle] = await requireVms(runtime, [options.name]);
  if (handle === undefined) return;
  const files = workDirFiles(handle.work_dir);
  const paths = { console: files.consoleLog, provision: files.provisionLog };
  const tails: { readonly log: LogName; readonly file: GrowingFile }[] = [];
  try {
    for (const log of options.logs) {
      const { older, file } = await openLog(paths[log], options.lines);
      tails.push({ log, file });
      if (older !== undefined) {
        await using before = older;
        for await (const bytes of before.read()) yield { log, bytes };
      }
      for await (const bytes of file.read()) yield { log, bytes };
    }
    if (options.follow === true) yield* follow(runtime, handle.name, tails, options.signal);
  } finally {
    for (const { file } of tails) await file.close();
  }
}

async function* follow(
  runtime: Runtime,
  vm: string,
  tails: readonly { readonly log: LogName; readonly file: GrowingFile }[],
  signal: AbortSignal | undefined,
): AsyncGenerator<LogChunk> {
  let lookAt = performance.now() + GONE_POLL_MS;
  for (;;) {
    if (!(await pause(signal))) return;
    let isGone = false;
    if (performance.now() >= lookAt) {
      isGone = await hasGone(runtime, vm);
      lookAt = performance.now() + GONE_POLL_MS;
    }
    // After it was looked: what was written before the end is read.
    for (const { log, file } of tails) for await (const bytes of file.read()) yield { log, bytes };
    if (isGone) return;
  }
}

/** False when the signal was aborted. */
async function pause(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch {
    return false;
  }
}

/** Whether a VM is no more; one that is just made anew is there, and a registry that cannot be read says nothing. */
async function hasGone(runtime: Runtime, vm: string): Promise<boolean> {
  if ((await runtime.registry.get(vm)) !== undefined) return false;
  try {
    await runtime.registry.mustBeReadable();
  } catch {
    return false;
  }
  // Its maker holds the lock until it is registered: so who is looked for first.
  if ((await vmLockHolder(runtime.dataDir, vm, runtime.processes)) !== undefined) return false;
  return (await runtime.registry.get(vm)) === undefined;
}

/** A log at the place where reading begins, and what came before it where that is needed as well. */
async function openLog(
  path: string,
  lines: number | undefined,
): Promise<{ readonly older: GrowingFile | undefined; readonly file: GrowingFile }> {
  if (lines === undefined) return { older: new GrowingFile(olderLog(path)), file: new GrowingFile(path) };
  let missing = lines;
  const file = new GrowingFile(path, async (handle, size) => {
    const { start, found } = await startOfLastLines(handle, size, lines);
    missing = lines - found;
    return start;
  });
  await file.locate();
  if (missing <= 0) return { older: undefined, file };
  const rest = missing;
  const older = new GrowingFile(
    olderLog(path),
    async (handle, size) => (await startOfLastLines(handle, size, rest)).start,
  );
  return { older, file };
}

/** Where the last `lines` lines begin, found from the end block by block, and how many there are, at most so many. */
async function startOfLastLines(
  file: FileHandle,
  size: number,
  lines: number,
): Promise<{ readonly start: number; readonly found: number }> {
  if (lines <= 0 || size === 0) return { start: size, found: 0 };
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let index = buffer.length - 1; index >= 0; index--) {
      // The newline at the very end closes the last line, it does not begin another.
      if (buffer[index] !== 0x0a || start + index === size - 1) continue;
      if (++found === lines) return { start: start + index + 1, found };
    }
    end = start;
  }
  return { start: 0, found: found + 1 };
}
