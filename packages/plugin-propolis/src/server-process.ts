import { type ChildProcess, spawn } from 'node:child_process';
import { open, readdir, readlink } from 'node:fs/promises';
import type { PluginHost, ProcessIdentity } from '@vmctl/core/plugin';
import type { HostCommands } from './host/host-commands.js';
import { codeOf } from './thrown.js';
import type { RunRecord } from './vm-record.js';

/** After SIGTERM the server ends at once; one that does not is stuck. */
const TERM_GRACE_MS = 5_000;
/** After SIGKILL only the kernel can hold a process. */
const KILL_GRACE_MS = 10_000;

/** How a server ended, for people: `ended with exit code 1`. */
export type ServerEnd = string;

/** A propolis-server that this process has started; it outlives vmctl. */
export interface StartedServer {
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<ServerEnd>;
  /** How it ended; undefined while it lives. */
  end(): ServerEnd | undefined;
}

/**
 * Starts a propolis-server: detached, in a directory of its own, with the rights of the user's profiles. What it says
 * goes to a file, so that it has somewhere to write when vmctl is gone. pfexec becomes the server, so it is one process.
 */
export async function startServer(options: {
  readonly program: string;
  readonly args: readonly string[];
  /** Its working directory. */
  readonly directory: string;
  readonly logPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Promise<StartedServer> {
  const log = await open(options.logPath, 'a', 0o600);
  let child: ChildProcess;
  let end: ServerEnd | undefined;
  const { promise: ended, resolve: hasEnded } = Promise.withResolvers<ServerEnd>();
  try {
    child = spawn('pfexec', [options.program, ...options.args], {
      cwd: options.directory,
      detached: true,
      env: options.env,
      stdio: ['ignore', log.fd, log.fd],
    });
    // At once: it can end while the file is closed.
    child.once('exit', (code, signal) => {
      end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      hasEnded(end);
    });
    await Promise.race([
      new Promise((resolve) => child.once('spawn', resolve)),
      new Promise((_, reject) => child.once('error', reject)),
    ]);
  } finally {
    await log.close();
  }
  child.on('error', () => undefined);
  child.unref();
  // A child that was spawned has an id.
  return { pid: child.pid ?? -1, ended, end: () => end };
}

/**
 * The process of a recorded server, or undefined when it is gone. A process with the recorded id and another start time
 * is somebody else's.
 *
 * When vmctl was killed before it could write the id down, the process is known by its arguments, which name the
 * port, and by its working directory where that may be read.
 */
export async function findServerProcess(
  { processes }: Pick<PluginHost, 'processes'>,
  run: RunRecord,
): Promise<ProcessIdentity | undefined> {
  if (run.pid !== null && run.startTime !== null) {
    const recorded = { pid: run.pid, startTime: run.startTime };
    return (await processes.isAlive(recorded)) ? recorded : undefined;
  }
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const identity = await processes.identify(Number(entry));
    const args = identity === undefined ? undefined : await processes.commandLine(identity);
    if (identity === undefined || args === undefined || !servesPort(args, run.port)) continue;
    const directory = await workingDirectory(identity.pid);
    if (directory === undefined || directory === run.directory) return identity;
  }
  return undefined;
}

/** Whether these are the arguments of a propolis-server that listens on that port of the loopback. */
export function servesPort(args: readonly string[], port: number): boolean {
  const command = args.indexOf('run');
  return (
    command > 0 &&
    args.slice(0, command).some((arg) => /(?:^|\/)propolis-server$/.test(arg)) &&
    args[command + 2] === `127.0.0.1:${port}`
  );
}

async function workingDirectory(pid: number): Promise<string | undefined> {
  for (const path of [`/proc/${pid}/cwd`, `/proc/${pid}/path/cwd`]) {
    const directory = await readlink(path).catch(() => undefined);
    if (directory !== undefined) return directory;
  }
  return undefined;
}

/**
 * Ends that very process: SIGTERM, then SIGKILL; through pfexec when it has more rights than vmctl.
 *
 * @returns whether it is gone
 */
export async function endServerProcess(
  { processes }: Pick<PluginHost, 'processes'>,
  commands: HostCommands,
  identity: ProcessIdentity,
): Promise<boolean> {
  const send = async (signal: NodeJS.Signals): Promise<boolean> => {
    try {
      return await processes.signal(identity, signal);
    } catch (error) {
      if (codeOf(error) !== 'VMCTL_PROCESS_NOT_OURS') throw error;
      await commands.signalProcess(identity.pid, signal);
      return true;
    }
  };
  if (!(await send('SIGTERM'))) return true;
  if (await processes.waitForExit(identity, { timeoutMs: TERM_GRACE_MS })) return true;
  if (!(await send('SIGKILL'))) return true;
  return processes.waitForExit(identity, { timeoutMs: KILL_GRACE_MS });
}
