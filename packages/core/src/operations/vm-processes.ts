import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { ProcessIdentity } from '../host/process-contract.js';
import { processIds } from '../host/process-ids.js';
import { readRegularText } from '../host/regular-file.js';
import type { VmHandle } from '../hypervisor/contract.js';
import { workDirFiles } from '../state/work-dir-files.js';
import type { Runtime } from './runtime.js';

/** A process that works on a VM's files, as far as core can tell without the VM's backend. */
export interface VmProcess {
  readonly pid: number;
  /** The work directory that it works on, absolute; it need not exist any more. */
  readonly workDir: string;
}

/**
 * The processes behind the work directories of this data directory, registered or not: those that were told to write
 * their pidfile there, and those whose pidfile is there and whose command line names the directory. Others, such as an
 * `ssh` with a key from there, are not meant.
 */
export async function vmProcesses(runtime: Runtime): Promise<readonly VmProcess[]> {
  const { vms } = runtime.dataDir;
  const found = new Map<number, string>();
  for (const pid of await processIds()) {
    const workDir = pidfileDirectory((await argumentsOf(runtime, pid)) ?? []);
    if (workDir !== undefined && dirname(workDir) === vms) found.set(pid, workDir);
  }
  for (const name of await readdir(vms).catch(() => [])) {
    const workDir = join(vms, name);
    const pid = await pidfileProcess(runtime, workDir);
    if (pid !== undefined) found.set(pid, workDir);
  }
  return [...found].map(([pid, workDir]) => ({ pid, workDir }));
}

/** The living process of a VM; it is known by its id and start time, or by the work directory on its command line. */
export async function livingProcess(runtime: Runtime, vm: VmHandle): Promise<number | undefined> {
  const { pid, pid_start_time: startTime, work_dir: workDir } = vm;
  if (pid !== null && typeof startTime === 'string') {
    const recorded: ProcessIdentity = { pid, startTime };
    if (await runtime.processes.isAlive(recorded)) return pid;
  } else if (pid !== null && (await names(runtime, pid, workDir))) return pid;
  return (await vmProcesses(runtime)).find((process) => process.workDir === workDir)?.pid;
}

/** Where a process that was started like QEMU has its pidfile. */
function pidfileDirectory(args: readonly string[]): string | undefined {
  const flag = args.findIndex((arg) => arg === '-pidfile' || arg === '--pidfile');
  const path = flag < 0 ? undefined : args[flag + 1];
  return path === undefined || !isAbsolute(path) ? undefined : dirname(path);
}

async function pidfileProcess(runtime: Runtime, workDir: string): Promise<number | undefined> {
  const text = (await readRegularText(workDirFiles(workDir).pidfile).catch(() => '')).trim();
  if (!/^[1-9]\d{0,9}$/.test(text)) return undefined;
  return (await names(runtime, Number(text), workDir)) ? Number(text) : undefined;
}

async function names(runtime: Runtime, pid: number, workDir: string): Promise<boolean> {
  const args = (await argumentsOf(runtime, pid)) ?? [];
  // QEMU doubles commas in its options.
  return args.some((arg) => arg.replaceAll(',,', ',').includes(`${workDir}/`));
}

async function argumentsOf({ processes }: Runtime, pid: number): Promise<readonly string[] | undefined> {
  const identity = await processes.identify(pid);
  return identity === undefined ? undefined : processes.commandLine(identity);
}
