import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VmHandle } from '@vmctl/core/plugin';
import type { RunRecord } from './vm-record.js';

/** Directories of boots in a work directory: `run-1`. */
export const RUN_DIRECTORY = /^run-(\d+)$/;

/** The port of the server that a VM has, or had last, as its handle knows it. */
export function portOf({ propolis_port: port }: VmHandle): number | undefined {
  return Number.isSafeInteger(port) && Number(port) > 0 && Number(port) <= 65_535 ? Number(port) : undefined;
}

/**
 * The last boot of a VM as its handle tells it, for a work directory that has lost its record: a server that still runs
 * has the disk, and must not be passed over.
 */
export async function runOfHandle(vm: VmHandle): Promise<RunRecord | undefined> {
  const { pid, pid_start_time: startTime, work_dir: workDir } = vm;
  const port = portOf(vm);
  if (port === undefined || pid === null || startTime === null || startTime === undefined) return undefined;
  const numbers = (await readdir(workDir).catch(() => [])).flatMap((name) => {
    const number = RUN_DIRECTORY.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  const directory = join(workDir, `run-${Math.max(1, ...numbers)}`);
  return { port, directory, pid, startTime, ensured: true };
}
