import { stat } from 'node:fs/promises';
import { VmctlError } from '../errors/vmctl-error.js';
import { OutputTail } from './output-tail.js';
import { installHint } from './package-hints.js';

/** How a host command is run. There is never a shell. */
export interface ExecOptions {
  /** Its working directory, absolute. Default: that of vmctl. */
  readonly cwd?: string | undefined;
  /** Added to the environment of vmctl. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its input; without it the input is empty. */
  readonly input?: string | undefined;
  /** An abort ends the command: SIGTERM, and SIGKILL after five seconds. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Told the id of the process once it runs. One that has more rights than vmctl takes no signal of vmctl's: whoever
   * gave it those has to end it after an abort, and at the time-out.
   */
  readonly onStart?: ((pid: number) => void) | undefined;
  /** Default 120,000; 0: no limit, for commands that a user waits for. */
  readonly timeoutMs?: number | undefined;
  /**
   * Every chunk as it comes. While the callback's promise is open nothing more is read: back-pressure. A callback that
   * throws or rejects ends the command as an abort does, and `exec` rejects with that error.
   */
  readonly onStdout?: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  /** Like `onStdout`. */
  readonly onStderr?: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  /** True: a non-zero exit is returned, not thrown. */
  readonly allowFailure?: boolean | undefined;
}

/** What a finished command left; output beyond 1 MiB a stream is cut from the front. */
export interface ExecResult {
  /** 0, or with `allowFailure` any other. */
  readonly exitCode: number;
  /** UTF-8. */
  readonly stdout: string;
  /** UTF-8. */
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
    const sinks = new AbortController();
    const signals = [sinks.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const command = execa(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...(env ?? process.env), ...options.env },
      extendEnv: false,
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      cancelSignal: AbortSignal.any(signals),
      timeout: timeoutMs,
      forceKillAfterDelay: KILL_AFTER_MS,
      killDescendants: true,
      reject: false,
      // execa's own limit ends the command and keeps the front.
      buffer: false,
      stripFinalNewline: false,
    });
    if (command.pid !== undefined) options.onStart?.(command.pid);
    const endWith = (error: unknown): void => sinks.abort(error);
    const stdout = new CollectedStream(command.stdout, options.onStdout, endWith);
    const stderr = new CollectedStream(command.stderr, options.onStderr, endWith);
    let draining: NodeJS.Timeout | undefined;
    const drain = (): void => {
      draining = setTimeout(() => {
        // What a slow listener has not taken yet is not lost.
        if (stdout.isHeldBack || stderr.isHeldBack) return drain();
        command.stdout?.destroy();
        command.stderr?.destroy();
      }, DRAIN_MS);
    };
    command.nodeChildProcess.once('exit', drain);
    const result = await command;
    clearTimeout(draining);
    await Promise.all([stdout.settled(), stderr.settled()]);

    const failed = (message: string): VmctlError =>
      commandFailed({ file, args, message, result, stdout: stdout.text(), stderr: stderr.text() });
    if (options.signal?.aborted === true && result.isCanceled) throw options.signal.reason;
    if (sinks.signal.aborted) throw sinks.signal.reason;
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

type Sink = (chunk: Uint8Array) => void | Promise<void>;

/** One output stream of a command: its end is kept, and a listener is told all of it, one chunk at a time. */
class CollectedStream {
  readonly #tail = new OutputTail(OUTPUT_LIMIT);
  #held: Promise<void> | undefined;

  constructor(
    stream: NodeJS.ReadableStream | null,
    sink: Sink | undefined,
    onError: (error: unknown) => void,
  ) {
    stream?.on('data', (chunk: Uint8Array) => {
      this.#tail.push(chunk);
      if (sink === undefined) return;
      stream.pause();
      // Node resumes the stream of a command that has ended: what is left in the pipe queues up here.
      const held = (this.#held ?? Promise.resolve())
        .then(() => sink(chunk))
        .catch(onError)
        .then(() => {
          if (this.#held !== held) return;
          this.#held = undefined;
          stream.resume();
        });
      this.#held = held;
    });
  }

  /** Whether the listener is still at work on a chunk. */
  get isHeldBack(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when the listener is done with the last chunk; never rejects. */
  async settled(): Promise<void> {
    await this.#held;
  }

  text(): string {
    return this.#tail.text();
  }
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
