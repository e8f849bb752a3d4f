import { mkdir, readdir, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { HypervisorContext, VmHandle } from '@vmctl/core/plugin';
import { logTail } from './api/server-log.js';
import type { Parts } from './parts.js';
import { RUN_DIRECTORY } from './handle-run.js';
import { startServer, endServerProcess, findServerProcess } from './server-process.js';
import { ServerGone, waitUntilUp } from './server-ready.js';
import { codeOf, messageOf } from './thrown.js';
import type { RunRecord } from './vm-record.js';
import { clientFor, type LiveServer, LOOPBACK, logPathOf, removeRunDirectory } from './vm-server.js';

/** How often a port that somebody else took is replaced. */
const PORT_ATTEMPTS = 5;
/** The boot ROM under a short name: illumos shows 79 bytes of a process's arguments, and the port comes after it. */
export const BOOTROM = 'OVMF_CODE.fd';

export interface LaunchOptions {
  readonly parts: Parts;
  readonly vm: VmHandle;
  readonly ctx: HypervisorContext;
  /** Absolute. */
  readonly program: string;
  /** Absolute. */
  readonly bootrom: string;
  /** The port to try first. */
  readonly port: number | undefined;
  /** Writes down where the server is; called before it is started, and again when its process is known. */
  readonly onRun: (run: RunRecord) => Promise<void>;
}

/**
 * Starts a server for one boot and waits until it answers: in a directory of its own, for it writes there, on a port
 * of its own. A port that somebody else takes meanwhile is replaced. Whatever goes wrong, no server is left.
 */
export async function launchServer(options: LaunchOptions): Promise<LiveServer> {
  const { parts, vm, ctx } = options;
  let { port } = options;
  for (let attempt = 1; ; attempt += 1) {
    ctx.signal.throwIfAborted();
    // One that it had before may have been taken since; a server that answers there would not be ours.
    if (port === undefined || (await isAnswered(port))) port = await parts.host.ports.free(LOOPBACK);
    const run = await newRun(vm, port);
    try {
      return await launch(options, run);
    } catch (error) {
      await removeRunDirectory(vm, run);
      ctx.signal.throwIfAborted();
      if (!(error instanceof ServerGone)) throw error;
      if (!error.isPortTaken || attempt === PORT_ATTEMPTS) throw failed(options, error);
      parts.host.log.debug(`port ${port} was taken by another program`);
      port = undefined;
    }
  }
}

async function launch(options: LaunchOptions, run: RunRecord): Promise<LiveServer> {
  const { parts, vm, ctx, program, bootrom, onRun } = options;
  const { host, commands, patience } = parts;
  const logPath = logPathOf(run.directory);
  await symlink(bootrom, join(run.directory, BOOTROM));
  await onRun(run);
  ctx.signal.throwIfAborted();
  const server = await startServer({
    program,
    args: ['run', BOOTROM, `${LOOPBACK}:${run.port}`],
    directory: run.directory,
    logPath,
    env: host.env,
  }).catch((cause: unknown) => {
    throw notSpawned(options, cause);
  });
  try {
    const identity = await host.processes.identify(server.pid);
    if (identity === undefined) throw new ServerGone(await server.ended, await logTail(logPath));
    const known: RunRecord = { ...run, pid: identity.pid, startTime: identity.startTime };
    await onRun(known);
    const client = clientFor(host, vm, run);
    const { signal } = ctx;
    const { error } = host;
    await waitUntilUp(client, server, { error, vm: vm.name, logPath, deadlineMs: patience.upMs, signal });
    return { run: known, identity, client };
  } catch (error) {
    const left = await findServerProcess(host, { ...run, ...(await identityOf(options, server.pid)) });
    if (left !== undefined) await endServerProcess(host, commands, left);
    throw error;
  }
}

/** The recorded form of a process, when it lives. */
async function identityOf(
  { parts }: LaunchOptions,
  pid: number,
): Promise<Pick<RunRecord, 'pid' | 'startTime'> | undefined> {
  const identity = await parts.host.processes.identify(pid);
  return identity === undefined ? undefined : { pid: identity.pid, startTime: identity.startTime };
}

/** Makes the directory of another boot, with a number that no other has. */
async function newRun(vm: VmHandle, port: number): Promise<RunRecord> {
  const numbers = (await readdir(vm.work_dir)).map((name) => Number(RUN_DIRECTORY.exec(name)?.[1] ?? 0));
  const directory = join(vm.work_dir, `run-${Math.max(0, ...numbers) + 1}`);
  await mkdir(directory, { mode: 0o700 });
  return { port, directory, pid: null, startTime: null, ensured: false };
}

/** Whether somebody listens on a port of the loopback. */
async function isAnswered(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/** pfexec itself is what is spawned. */
function notSpawned({ parts, vm }: LaunchOptions, cause: unknown): Error {
  const { error } = parts.host;
  if (codeOf(cause) === 'ENOENT') {
    return error('VMCTL_HOST_COMMAND_MISSING', {
      message: 'The program "pfexec" is needed to run propolis-server, and is not in PATH.',
      cause,
      details: { command: 'pfexec' },
    });
  }
  return error('VMCTL_PROPOLIS_START_FAILED', {
    message: `${vm.name} did not start: its propolis-server cannot be run: ${messageOf(cause)}`,
    hint: 'See what the host lacks: vmctl doctor',
    cause,
    details: { vm: vm.name },
  });
}

function failed({ parts, vm }: LaunchOptions, cause: ServerGone): Error {
  return parts.host.error('VMCTL_PROPOLIS_START_FAILED', {
    message: `${vm.name} did not start. ${cause.message}`,
    hint: 'See what the host lacks: vmctl doctor',
    cause,
    details: { vm: vm.name },
  });
}
