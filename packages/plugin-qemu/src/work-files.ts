import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PluginHost, VmHandle } from '@vmctl/core/plugin';
import { isMissing } from './thrown.js';

/** Bytes from which on a new console.log is begun at a start, and what is kept of the old one then. */
const LOG_LIMIT = 16 * 1024 * 1024;
const LOG_KEPT = 4 * 1024 * 1024;

/** What the backend has in a VM's work directory. */
export interface WorkFiles {
  readonly overlay: string;
  readonly qmpSocket: string;
  readonly consoleSocket: string;
  readonly consoleLog: string;
  /** The end of a log that had grown too large. */
  readonly olderConsoleLog: string;
  readonly pidFile: string;
  /** The name that the original Rust tool gave it. */
  readonly foreignPidFile: string;
  readonly variables: string;
}

/** The names for a new VM. */
export function workFiles(workDir: string): WorkFiles {
  return {
    overlay: join(workDir, 'overlay.qcow2'),
    qmpSocket: join(workDir, 'qmp.sock'),
    consoleSocket: join(workDir, 'console.sock'),
    consoleLog: join(workDir, 'console.log'),
    olderConsoleLog: join(workDir, 'console.log.1'),
    pidFile: join(workDir, 'pidfile'),
    foreignPidFile: join(workDir, 'qemu.pid'),
    variables: join(workDir, 'efivars.fd'),
  };
}

/** The names of an existing VM: what its handle says goes first. */
export function filesOf(vm: VmHandle): WorkFiles {
  const files = workFiles(vm.work_dir);
  return {
    ...files,
    overlay: vm.overlay_path ?? files.overlay,
    qmpSocket: vm.qmp_socket ?? files.qmpSocket,
    consoleSocket: vm.console_socket ?? files.consoleSocket,
  };
}

/** Removes what a QEMU that ended by force leaves behind: others would take it for a running one. */
export async function removeRunFiles(vm: VmHandle): Promise<void> {
  const { qmpSocket, consoleSocket, pidFile, foreignPidFile } = filesOf(vm);
  await removeInside(vm, [qmpSocket, consoleSocket, pidFile, foreignPidFile]);
}

/** Removes all that the backend made. */
export async function removeAllFiles(vm: VmHandle): Promise<void> {
  await removeRunFiles(vm);
  const { overlay, consoleLog, olderConsoleLog, variables } = filesOf(vm);
  await removeInside(vm, [overlay, consoleLog, olderConsoleLog, variables]);
}

/** Only in the work directory: a registry that somebody edited must not remove files elsewhere. */
async function removeInside(vm: VmHandle, paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.filter((path) => dirname(path) === vm.work_dir).map((path) => rm(path, { force: true })),
  );
}

/**
 * Gets console.log ready for another boot: QEMU appends to it. What a guest wrote in many boots is moved out of the way,
 * its last part to console.log.1, from the start of a line on. The log itself is never shortened, so that whoever follows
 * it can tell what is new. Gives its size, which is where the output of that boot begins.
 */
export async function prepareConsoleLog(
  path: string,
  files: PluginHost['files'],
  limits: { readonly limit: number; readonly kept: number } = { limit: LOG_LIMIT, kept: LOG_KEPT },
): Promise<number> {
  const size = await withLog(path, async (log) => (await log.stat()).size);
  if (size <= limits.limit) return size;
  const tail = await withLog(path, async (log) => {
    const { buffer, bytesRead } = await log.read(
      Buffer.alloc(limits.kept),
      0,
      limits.kept,
      size - limits.kept,
    );
    return buffer.subarray(0, bytesRead);
  });
  // Killed in between, the next start finds the log as large as this one.
  await files.writeAtomic(`${path}.1`, tail.subarray(tail.indexOf(0x0a) + 1));
  await rm(path, { force: true });
  return withLog(path, async () => 0);
}

async function withLog<T>(path: string, work: (log: FileHandle) => Promise<T>): Promise<T> {
  const log = await open(path, 'a+', 0o600);
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

/** Gives a VM its own copy of the firmware's variables, unless it has one. */
export async function copyVariables(
  template: string,
  path: string,
  files: PluginHost['files'],
): Promise<void> {
  if ((await fileSize(path)) === undefined) await files.writeAtomic(path, await readFile(template));
}

/** Bytes of a file, or undefined when there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
