import { stat } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { OutputTail } from './output-tail.js';
import { installHint } from './package-hints.js';

/** How a host command is run. There is never a shell. */
export interface ExecOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of vmctl. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly input?: string | undefined;
  /** An abort ends the command: SIGTERM, and SIGKILL after five seconds. */
  readonly signal?: AbortSignal | undefined;
  /** Default 120,000. */
  readonly timeoutMs?: number | undefined;
  /** True: a non-zero exit is returned, not thrown. */
  readonly allowFailure?: boolean | undefined;
}

/** What a finished command left; output beyond 1 MiB a stream is cut from the front. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a host command to its end.
 *
 * @throws VMCTL_HOST_COMMAND_MISSING when there is no such program; the hint names the package to install
 * @throws VMCTL_HOST_COMMAND_FAILED on a non-zero exit (unless `allowFailure`), a signal, or the time-out;
 *   the message has the program, its exit and the tail of its stderr
 */
export type Exec = (file: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** Bytes of each output stream that are kept. */
const OUTPUT_LIMIT = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 120_000;
/** Between SIGTERM and SIGKILL. */
const KILL_AFTER_MS = 5_000;
/**
 * How long output may stay open once the command has ended: a descendant that left its session can hold the
 * pipes for as long as it lives.
 */
const DRAIN_MS = 2_000;

/** What {@link createExec} is given. */
export interface CreateExecOptions {
  /** The environment that commands see; default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Debian packages by program, for the hint when one is missing; in addition to the known ones. */
  readonly packageHints?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes an {@link Exec}.
 *
 * A command runs in a session of its own: a Ctrl-C in the terminal reaches vmctl alone, which then decides, and
 * no command can ask for a password behind the user's back.
 */
export function createExec({ env, packageHints }: CreateExecOptions = {}): Exec {
  return async (file, args, options = {}) => {
    options.signal?.throwIfAborted();
    const { execa } = await import('execa');
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const command = execa(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...(env ?? process.env), ...options.env },
      extendEnv: false,
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      timeout: timeoutMs,
      forceKillAfterDelay: KILL_AFTER_MS,
      killDescendants: true,
      reject: false,
      // execa's own limit ends the command and keeps the front.
      buffer: false,
      stripFinalNewline: false,
    });
    const stdout = collect(command.stdout);
    const stderr = collect(command.stderr);
    let draining: NodeJS.Timeout | undefined;
    command.nodeChildProcess.once('exit', () => {
      draining = setTimeout(() => {
        command.stdout?.destroy();
        command.stderr?.destroy();
      }, DRAIN_MS);
    });
    const result = await command;
    clearTimeout(draining);

    const failed = (message: string): VmctlError =>
      commandFailed({ file, args, message, result, stdout: stdout.text(), stderr: stderr.text() });
    if (result.isCanceled) throw options.signal?.reason;
    if (result.timedOut) throw failed(`did not end within ${timeoutMs / 1000} s`);
    if (result.signal !== undefined) throw failed(`was ended by ${result.signal}`);
    if (result.exitCode === undefined) {
      throw await notStarted({
        file,
        cwd: options.cwd,
        packageHints,
        code: result.code,
        cause: result.cause,
      });
    }
    if (result.exitCode !== 0 && options.allowFailure !== true) {
      throw failed(`failed with exit code ${result.exitCode}`);
    }
    return { exitCode: result.exitCode, stdout: stdout.text(), stderr: stderr.text() };
  };
}

function collect(stream: NodeJS.ReadableStream | null): OutputTail {
  const tail = new OutputTail(OUTPUT_LIMIT);
  stream?.on('data', (chunk: Uint8Array) => {
    tail.push(chunk);
  });
  return tail;
}

function commandFailed(run: {
  readonly file: string;
  readonly args: readonly string[];
  readonly message: string;
  readonly result: { readonly exitCode?: number | undefined; readonly signal?: string | undefined };
  readonly stdout: string;
  readonly stderr: string;
}): VmctlError {
  const said = lastWords(run.stderr) || lastWords(run.stdout);
  return new VmctlError('VMCTL_HOST_COMMAND_FAILED', {
    message: `${run.file} ${run.message}${said === '' ? ', and said nothing.' : `:\n${said}`}`,
    details: {
      command: run.file,
      args: run.args,
      exitCode: run.result.exitCode ?? null,
      signal: run.result.signal ?? null,
      stderr: lastWords(run.stderr),
    },
  });
}

/** The last lines of an output, short enough for a message. */
function lastWords(output: string): string {
  return output.trimEnd().slice(-4000).split('\n').slice(-20).join('\n').trim();
}

async function notStarted(start: {
  readonly file: string;
  readonly cwd: string | undefined;
  readonly packageHints: Readonly<Record<string, string>> | undefined;
  readonly code: string | undefined;
  readonly cause: unknown;
}): Promise<VmctlError> {
  const { file, cwd, code, cause } = start;
  // A missing working directory and a missing program give the same error.
  if (cwd !== undefined && !(await isDirectory(cwd))) {
    return new VmctlError('VMCTL_HOST_COMMAND_FAILED', {
      message: `${file} cannot be started in ${cwd}: there is no such directory.`,
      cause,
      details: { command: file, cwd },
    });
  }
  if (code === 'ENOENT') {
    return new VmctlError('VMCTL_HOST_COMMAND_MISSING', {
      message: file.includes('/')
        ? `There is no program ${file}.`
        : `The program "${file}" is needed, and is not installed (not found in PATH).`,
      hint: installHint(file, start.packageHints),
      cause,
      details: { command: file },
    });
  }
  return new VmctlError('VMCTL_HOST_COMMAND_FAILED', {
    message: `${file} cannot be started: ${code === 'EACCES' ? 'the file is not executable' : describe(cause, code)}.`,
    cause,
    details: { command: file, errno: code ?? null },
  });
}

function describe(cause: unknown, code: string | undefined): string {
  return cause instanceof Error ? cause.message : (code ?? 'unknown reason');
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
