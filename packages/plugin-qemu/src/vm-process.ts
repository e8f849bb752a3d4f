import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { PluginHost, ProcessIdentity, ProcessTable, VmHandle } from '@vmctl/core/plugin';
import { readOwnFile } from './own-file.js';
import { fileSize, filesOf } from './work-files.js';

/** After SIGTERM QEMU writes what it holds and exits; one that does not is stuck. */
const TERM_GRACE_MS = 5_000;
/** After SIGKILL only the kernel can hold a process: a dead disk or network file system. */
const KILL_GRACE_MS = 10_000;

/**
 * The QEMU of a VM, or undefined when none runs.
 *
 * The registry's process counts when its start time fits. Whatever else says a process id (a pidfile, the registry of
 * another tool) only names a candidate: its command line has to show that it serves this work directory.
 *
 * @param options.search - look through all processes when nothing else leads to it; default: when there is a control
 *   socket, which a QEMU that ended by itself would have removed
 */
export async function findProcess(
  host: Pick<PluginHost, 'processes'>,
  vm: VmHandle,
  options: { readonly search?: boolean } = {},
): Promise<ProcessIdentity | undefined> {
  const { pid, pid_start_time: startTime } = vm;
  if (pid !== null && typeof startTime === 'string') {
    const recorded = { pid, startTime };
    if (await host.processes.isAlive(recorded)) return recorded;
  }
  const { pidFile, foreignPidFile, qmpSocket } = filesOf(vm);
  const candidates = [await readPidFile(pidFile), await readPidFile(foreignPidFile), pid ?? undefined];
  for (const candidate of new Set(candidates)) {
    const found = candidate === undefined ? undefined : await claim(host.processes, candidate, vm);
    if (found !== undefined) return found;
  }
  const search = options.search ?? (await fileSize(qmpSocket)) !== undefined;
  return search ? searchAll(host.processes, vm) : undefined;
}

/** Whether a process with these arguments is the QEMU of that work directory. */
export function servesWorkDir(args: readonly string[], workDir: string): boolean {
  const flag = args.findIndex((arg) => arg === '-pidfile' || arg === '--pidfile');
  const pidFile = flag < 0 ? undefined : args[flag + 1];
  if (pidFile !== undefined) return dirname(pidFile) === workDir;
  // Others start QEMU without a pidfile; `tail -f …/console.log` names the directory as well.
  const program = basename(args[0] ?? '');
  if (!program.startsWith('qemu-system') && !program.startsWith('qemu-kvm')) return false;
  return args.some((arg) => arg.replaceAll(',,', ',').includes(`${workDir}/`));
}

/**
 * Ends that very process: SIGTERM, then SIGKILL.
 *
 * @param termGraceMs - between the two; 0 for SIGKILL at once, when what QEMU has not written yet does not matter
 * @returns whether it is gone
 */
export async function endProcess(
  processes: ProcessTable,
  identity: ProcessIdentity,
  termGraceMs = TERM_GRACE_MS,
): Promise<boolean> {
  if (termGraceMs > 0) {
    if (!(await processes.signal(identity, 'SIGTERM'))) return true;
    if (await processes.waitForExit(identity, { timeoutMs: termGraceMs })) return true;
  }
  if (!(await processes.signal(identity, 'SIGKILL'))) return true;
  return processes.waitForExit(identity, { timeoutMs: KILL_GRACE_MS });
}

async function claim(
  processes: ProcessTable,
  pid: number,
  vm: VmHandle,
): Promise<ProcessIdentity | undefined> {
  const identity = await processes.identify(pid);
  if (identity === undefined) return undefined;
  const args = await processes.commandLine(identity);
  return args !== undefined && servesWorkDir(args, vm.work_dir) ? identity : undefined;
}

async function readPidFile(path: string): Promise<number | undefined> {
  const text = await readOwnFile(path).catch(() => '');
  const pid = /^[1-9]\d{0,9}$/.test(text.trim()) ? Number(text.trim()) : undefined;
  return pid === 1 ? undefined : pid;
}

/** For a QEMU whose pidfile is not written yet, or was removed. */
async function searchAll(processes: ProcessTable, vm: VmHandle): Promise<ProcessIdentity | undefined> {
  const entries = await readdir('/proc').catch(() => []);
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const found = await claim(processes, Number(entry), vm);
    if (found !== undefined) return found;
  }
  return undefined;
}
