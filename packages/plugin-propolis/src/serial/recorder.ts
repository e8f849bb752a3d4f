import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginHost, ProcessIdentity, VmHandle } from '@vmctl/core/plugin';
import type { ServerAddress } from '../api/exchange.js';
import { instanceId } from '../spec/instance-spec.js';
import { prepareConsoleLog } from './console-log.js';
import { bytesRecorded } from './missing-bytes.js';
import type { Recording } from './recording.js';

/** What the recorder needs of vmctl. */
export type RecorderHost = Pick<PluginHost, 'processes' | 'files' | 'error' | 'env'>;

/** The file in the work directory by which the recorder is found again. */
const RECORD = 'console-recorder.json';
const LOG = 'console.log';
/** How long a recorder may take to end after SIGTERM. */
const END_MS = 5_000;

export interface RecorderOptions {
  readonly host: RecorderHost;
  readonly vm: VmHandle;
  readonly address: ServerAddress;
  readonly signal: AbortSignal;
  /** What runs the program; for tests of the sources. Default: this Node.js with the built program. */
  readonly command?: readonly string[] | undefined;
}

/** A recorder that runs, and where in console.log of the work directory this boot begins, in bytes. */
export interface StartedRecorder {
  readonly identity: ProcessIdentity;
  readonly consoleLogStart: number;
}

/**
 * Starts the program that fills console.log with what the guest writes, from its boot on; after `ensure`, since it ends
 * at once when the server has no VM of this id. A recorder of an earlier boot is ended first.
 *
 * It outlives vmctl, follows a VM that migrates, connects again when the connection breaks, and ends by itself when the VM
 * stops or its server is gone. When this call fails or is aborted none is left.
 *
 * @throws VMCTL_PROPOLIS_SERIAL when the program cannot be started
 */
export async function startRecorder(options: RecorderOptions): Promise<StartedRecorder> {
  const { host, vm } = options;
  await stopRecorder(host, vm.work_dir);
  const consoleLogStart = await prepareConsoleLog(join(vm.work_dir, LOG), host.files);
  return { identity: await launch(options, 0), consoleLogStart };
}

/**
 * Sees to it that a VM that runs has its recorder: one that was killed is started again, and goes on where the log ends.
 * Without a `console_log_start` in the handle nothing is done.
 */
export async function resumeRecorder(options: RecorderOptions): Promise<void> {
  const { host, vm } = options;
  const { console_log_start: start } = vm;
  if (start === undefined || (await findRecorder(host, vm.work_dir)) !== undefined) return;
  await launch(options, await bytesRecorded(join(vm.work_dir, LOG), start));
}

/** The recorder of a work directory, while it runs. */
export async function findRecorder(
  host: Pick<RecorderHost, 'processes'>,
  workDir: string,
): Promise<ProcessIdentity | undefined> {
  const identity = await readRecord(workDir);
  return identity !== undefined && (await host.processes.isAlive(identity)) ? identity : undefined;
}

/** Ends the recorder of a work directory, if one runs, and removes what it is found by. Idempotent. */
export async function stopRecorder(host: Pick<RecorderHost, 'processes'>, workDir: string): Promise<void> {
  const identity = await readRecord(workDir);
  if (identity !== undefined && (await host.processes.signal(identity, 'SIGTERM'))) {
    if (!(await host.processes.waitForExit(identity, { timeoutMs: END_MS }))) {
      await host.processes.signal(identity, 'SIGKILL');
      await host.processes.waitForExit(identity, { timeoutMs: END_MS });
    }
  }
  await rm(join(workDir, RECORD), { force: true });
}

async function launch(
  { host, vm, address, signal, command = defaultCommand() }: RecorderOptions,
  fromStart: number,
): Promise<ProcessIdentity> {
  signal.throwIfAborted();
  const recording: Recording = {
    vm: vm.name,
    instanceId: instanceId(host.error, vm),
    address,
    logPath: join(vm.work_dir, LOG),
    fromStart,
  };
  const [file = process.execPath, ...words] = command;
  const args = [...words, JSON.stringify(recording)];
  const { NODE_OPTIONS: _forThisProcess, ...env } = host.env;
  const child = spawn(file, args, { cwd: '/', detached: true, env, stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await once(child, 'spawn', { signal });
    const identity = child.pid === undefined ? undefined : await host.processes.identify(child.pid);
    if (identity === undefined) throw new Error('it ended at once');
    await host.files.writeAtomic(join(vm.work_dir, RECORD), `${JSON.stringify(identity)}\n`);
    signal.throwIfAborted();
    await release(child);
    return identity;
  } catch (cause) {
    // It has not begun: it waits for the word that it is on record.
    child.kill('SIGKILL');
    child.stdin?.destroy();
    child.unref();
    await rm(join(vm.work_dir, RECORD), { force: true });
    signal.throwIfAborted();
    throw host.error('VMCTL_PROPOLIS_SERIAL', {
      message: `The program that keeps the console log of ${vm.name} cannot be started: ${cause instanceof Error ? cause.message : String(cause)}.`,
      cause,
      details: { vm: vm.name },
    });
  }
}

/** It is on record and may begin. A vmctl that is killed before leaves one that ends by itself. */
async function release(child: ChildProcess): Promise<void> {
  const { stdin } = child;
  if (stdin === null) throw new TypeError('The program has no input.');
  const written = Promise.withResolvers<void>();
  stdin.on('error', (error) => written.reject(error));
  stdin.end('go\n', () => written.resolve());
  await written.promise;
  child.unref();
}

function defaultCommand(): readonly string[] {
  return [process.execPath, fileURLToPath(new URL('./recorder-program.js', import.meta.url))];
}

async function readRecord(workDir: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(join(workDir, RECORD), 'utf8').catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value))
      return undefined;
    const { pid, startTime } = value;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
    return typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    // Written in one go, so it is there whole or not at all; anything else is somebody else's.
    return undefined;
  }
}
