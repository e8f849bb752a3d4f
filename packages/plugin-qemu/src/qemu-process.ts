import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** Characters of QEMU's stderr that are kept. */
const STDERR_LIMIT = 16 * 1024;
const KILL_AFTER_MS = 2_000;
/** How long what it has said may take to arrive after its end. */
const DRAIN_MS = 250;

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly error: Error | undefined;
}

/**
 * A QEMU that this process has started.
 *
 * It has a session of its own and outlives vmctl, like one started with `-daemonize`. That option is not used because
 * it forks after the sandbox is up, which the sandbox forbids. While vmctl runs it hears what QEMU says on stderr; a
 * QEMU whose stderr nobody reads any more gets EPIPE, which it ignores.
 */
export class QemuProcess {
  /** Resolves when the process has ended and its stderr is read; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #stderr = '';
  #end: ProcessEnd | undefined;

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    const ended = Promise.withResolvers<ProcessEnd>();
    this.ended = ended.promise;
    const child = spawn(file, args, {
      // Whatever directory vmctl was started in can be removed or unmounted while the VM runs.
      cwd: '/',
      detached: true,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let draining: NodeJS.Timeout | undefined;
    const finish = (end: ProcessEnd): void => {
      clearTimeout(draining);
      this.#end ??= end;
      ended.resolve(this.#end);
    };
    child.on('error', (error) => {
      finish({ exitCode: null, signal: null, error });
    });
    child.on('close', (exitCode, signal) => {
      finish({ exitCode, signal, error: undefined });
    });
    child.on('exit', (exitCode, signal) => {
      // A process that QEMU has left behind can hold stderr open.
      draining = setTimeout(() => {
        child.stderr?.destroy();
        finish({ exitCode, signal, error: undefined });
      }, DRAIN_MS);
    });
    const decoder = new StringDecoder('utf8');
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + decoder.write(chunk)).slice(-STDERR_LIMIT);
    });
    child.stderr?.on('error', () => undefined);
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How it ended, or undefined while it lives. */
  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** The last of what it said. */
  get stderr(): string {
    return this.#stderr.trim();
  }

  /** From now on it does not keep vmctl alive. */
  release(): void {
    this.#child.unref();
    const { stderr } = this.#child;
    // A pipe is a socket, whatever its type says.
    if (stderr !== null && 'unref' in stderr && typeof stderr.unref === 'function') stderr.unref();
  }

  /** Ends it and what it has started: SIGTERM, then SIGKILL. Resolves once it has ended. */
  async kill(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#signalGroup('SIGTERM');
    const timer = setTimeout(() => {
      this.#signalGroup('SIGKILL');
    }, KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** The group's id cannot be somebody else's as long as its leader has not been waited for. */
  #signalGroup(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }
}
