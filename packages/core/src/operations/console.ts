import type { Duplex } from 'node:stream';
import { isVmctlError, VmctlError } from '../errors/vmctl-error.js';
import { GrowingFile } from '../host/growing-file.js';
import { acquireLock, type Lock, lockHolder } from '../host/lock.js';
import { connectConsole } from '../hypervisor/console-connection.js';
import type { ConsoleEndpoint, VmHandle } from '../hypervisor/contract.js';
import { workDirFiles } from '../state/work-dir-files.js';
import { ConsoleSession } from './console-session.js';
import { requireVms } from './each-vm.js';
import type { Runtime } from './runtime.js';
import { startAdvice } from './start-advice.js';

export interface ConsoleOptions {
  readonly name: string;
  /** Only watch, and leave the input to others. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Begin with what the guest has written since the VM was started. Default false. */
  readonly replay?: boolean | undefined;
  /** When somebody else has the input: `watch` without it (default), or `fail`. */
  readonly ifTaken?: 'watch' | 'fail' | undefined;
  /** An abort ends the session, which is no error. */
  readonly signal?: AbortSignal | undefined;
}

/** Where the console of a VM is, for other programs. */
export interface ConsoleDescription {
  readonly vm: string;
  /** As the backend gives it; a Unix socket takes one client at a time. */
  readonly endpoint: ConsoleEndpoint;
  /** The file with what the guest has written, and where in it this start of the VM begins, in bytes. */
  readonly log: { readonly path: string; readonly start: number } | null;
  /** The process of vmctl that has the input. */
  readonly holder: { readonly pid: number; readonly since: string } | null;
}

/**
 * Opens the serial console of a VM that runs.
 *
 * A console on a Unix socket takes one client. So one session at a time connects and has the input, for which there is a
 * lock; what the guest writes comes from its log in every session, so any number can watch, and one that is slow or stopped
 * holds up neither the guest nor the log. Without a log there is the connection alone. Of a console that a backend opens
 * there can be many connections, and each who watches has one where there is no log; the input still is one session's.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_VM_NOT_RUNNING with the command that starts it
 * @throws VMCTL_CONSOLE_UNSUPPORTED, VMCTL_CONSOLE_UNREACHABLE
 * @throws VMCTL_LOCKED with `ifTaken: 'fail'` when somebody else has the input, and where one who watches cannot connect
 */
export async function openConsole(runtime: Runtime, options: ConsoleOptions): Promise<ConsoleSession> {
  const signal = options.signal ?? new AbortController().signal;
  const { handle, endpoint } = await runningConsole(runtime, options.name, signal);
  // Whatever is written from here on is new.
  const log = await openLog(handle, options.replay === true);
  const isShared = endpoint.kind === 'websocket';
  if (log === undefined && options.replay === true && !isShared) warnOfNoReplay(runtime, handle);
  const readOnly = options.readOnly === true;
  const common = { runtime, handle, signal, log, readOnly };
  const connect = (): Promise<Duplex> =>
    connectConsole(endpoint, {
      vm: handle.name,
      signal,
      env: runtime.env,
      // What comes out of the log need not come twice.
      open: () =>
        runtime.router.openConsole(
          handle,
          { replay: options.replay === true && log === undefined },
          runtime.hypervisorContext(signal),
        ),
    });
  if (readOnly && log !== undefined) return new ConsoleSession(common);
  if (readOnly && isShared) return new ConsoleSession({ ...common, connection: await connect() });
  const lock = await takeInput(runtime, handle, signal);
  if (lock instanceof VmctlError) {
    if (options.ifTaken === 'fail' || (log === undefined && !isShared)) throw lock;
    const holder = await lockHolder(lockOptions(runtime, handle));
    const connection = log === undefined ? await connect() : undefined;
    return new ConsoleSession({ ...common, readOnly: true, holder, connection });
  }
  try {
    return new ConsoleSession({ ...common, lock, connection: await connect() });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Where the console of a VM that runs is. Connects to nothing.
 *
 * @throws VMCTL_VM_UNKNOWN
 * @throws VMCTL_VM_NOT_RUNNING
 */
export async function describeConsole(
  runtime: Runtime,
  options: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<ConsoleDescription> {
  const signal = options.signal ?? new AbortController().signal;
  const { handle, endpoint } = await runningConsole(runtime, options.name, signal);
  const log = await openLog(handle, true);
  const holder = await lockHolder(lockOptions(runtime, handle));
  return {
    vm: handle.name,
    endpoint,
    log: log === undefined ? null : { path: log.file.path, start: log.file.position },
    holder: holder === undefined ? null : { pid: holder.pid, since: holder.since.toISOString() },
  };
}

async function runningConsole(
  runtime: Runtime,
  name: string,
  signal: AbortSignal,
): Promise<{ handle: VmHandle; endpoint: ConsoleEndpoint }> {
  const [handle] = await requireVms(runtime, [name]);
  if (handle === undefined) throw new VmctlError('VMCTL_INTERNAL', { message: 'No VM was looked up.' });
  const { name: state } = await runtime.router.state(handle, runtime.hypervisorContext(signal));
  // A guest that has failed may have said why, and one that is suspended goes on.
  if (state !== 'running' && state !== 'suspended' && state !== 'failed') {
    throw new VmctlError('VMCTL_VM_NOT_RUNNING', {
      message: `${name} is ${state}; only a VM that runs has a console.`,
      hint: `${startAdvice(name, state)}. What it has said so far: vmctl log ${name} --console`,
      details: { vm: name, state },
    });
  }
  return { handle, endpoint: runtime.router.console(handle) };
}

/**
 * The log of the console, at the end of it or, to replay, at the last start of the VM. Without `console_log_start` a log
 * that is there is of another start: whoever started the VM this time writes none, and it would stay silent.
 */
async function openLog(
  handle: VmHandle,
  replay: boolean,
): Promise<{ readonly file: GrowingFile; readonly size: number } | undefined> {
  const { console_log_start: start } = handle;
  const file = new GrowingFile(workDirFiles(handle.work_dir).consoleLog, (_file, size) =>
    // Somebody may have cut it since.
    replay ? (start !== undefined && start <= size ? start : 0) : size,
  );
  const found = start === undefined ? undefined : await file.locate();
  if (found !== undefined) return { file, size: found.size };
  return undefined;
}

function warnOfNoReplay(runtime: Runtime, { name }: VmHandle): void {
  runtime.events.emit({
    type: 'warning',
    vm: name,
    code: 'VMCTL_FILE_MISSING',
    message: `Nothing can be replayed: what ${name} writes is not logged since its last start.`,
  });
}

/** The right to the input; the error when somebody else has it. */
async function takeInput(
  runtime: Runtime,
  handle: VmHandle,
  signal: AbortSignal,
): Promise<Lock | VmctlError> {
  try {
    return await acquireLock({
      ...lockOptions(runtime, handle),
      subject: `console of VM "${handle.name}"`,
      purpose: 'vmctl console',
      wait: false,
      signal,
    });
  } catch (error) {
    if (!isVmctlError(error) || error.code !== 'VMCTL_LOCKED') throw error;
    return new VmctlError('VMCTL_LOCKED', {
      message: error.message,
      hint: `Watch without sending anything: vmctl console ${handle.name} --read-only`,
      cause: error,
      details: error.details,
    });
  }
}

function lockOptions(runtime: Runtime, { name }: VmHandle) {
  const { processes } = runtime;
  return { directory: runtime.dataDir.locks, name: `console-${name}`, processes };
}
