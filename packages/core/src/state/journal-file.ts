import { constants } from 'node:fs';
import { type FileHandle, rename, stat } from 'node:fs/promises';
import { isVmctlError } from '../errors/vmctl-error.js';
import { errnoOf } from '../host/fs-error.js';
import { acquireLock } from '../host/lock.js';
import type { ProcessTable } from '../host/process-contract.js';
import { openRegular } from '../host/regular-file.js';
import type { DataDir } from './data-dir.js';

/** Bytes from which on a new file is begun. The old one stays beside it until the next one is full, too. */
const LIMIT = 4 * 1024 * 1024;

export interface AppendOptions {
  readonly dataDir: DataDir;
  readonly processes: ProcessTable;
  /** Bytes; default 4 MiB. */
  readonly limit?: number | undefined;
}

/** Where the journal is, and the part of it that came before. */
export function journalFiles(dataDir: DataDir): { readonly current: string; readonly older: string } {
  return { current: dataDir.eventsFile, older: `${dataDir.eventsFile}.1` };
}

/**
 * Appends whole lines to the journal, which is made when there is none. Any number of processes may do so at the same time:
 * the system puts what one write appends behind what is there, in one piece. A line that a full disk or a kill has cut
 * off is ended first, so that it spoils no other.
 */
export async function appendToJournal(text: string, options: AppendOptions): Promise<void> {
  const { current } = journalFiles(options.dataDir);
  let file = await openForAppending(current).catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    // The first run of all begins before anything of it needs the data directory.
    await options.dataDir.open();
    return openForAppending(current);
  });
  try {
    const { size } = await file.stat();
    if (size >= (options.limit ?? LIMIT)) {
      await file.close();
      await rotate(options);
      file = await openForAppending(current);
    }
    const start = (await endsInLine(file)) ? '' : '\n';
    // One call of write(2), or lines of others could come in between.
    await file.write(Buffer.from(start + text));
  } finally {
    await file.close();
  }
}

function openForAppending(path: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT } = constants;
  return openRegular(path, O_RDWR | O_APPEND | O_CREAT, 0o600);
}

async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 0 || buffer[0] === 0x0a;
}

/** Only one does it: a second one would push the part that is just full out of the way. */
async function rotate({ dataDir, processes, limit = LIMIT }: AppendOptions): Promise<void> {
  const { current, older } = journalFiles(dataDir);
  try {
    const lock = await acquireLock({
      directory: dataDir.locks,
      name: 'events',
      purpose: 'beginning a new journal of events',
      processes,
      wait: false,
    });
    try {
      if ((await stat(current)).size >= limit) await rename(current, older);
    } finally {
      await lock.release();
    }
  } catch (error) {
    // Whoever has the lock is doing it.
    if (!isVmctlError(error) || error.code !== 'VMCTL_LOCKED') throw error;
  }
}
