import { VmctlError } from '../errors/vmctl-error.js';
import { OutputTail } from '../host/output-tail.js';
import type { GuestExecOptions, GuestExecResult, GuestSession, TransferOptions } from './contract.js';
import { download } from './download.js';
import { makeDirectory, removeFile } from './remote-files.js';
import { type RemoteExit, runScript } from './remote-command.js';
import { commandScript } from './remote-script.js';
import type { SshConnection } from './ssh-connection.js';
import { type ConnectOptions, openConnection } from './ssh-login.js';
import { upload, uploadBytes } from './upload.js';

/** How much of each stream a result keeps. */
const TAIL_BYTES = 64 * 1024;

/**
 * Logs in to a guest.
 *
 * @throws VMCTL_GUEST_UNREACHABLE when no SSH server answers
 * @throws VMCTL_GUEST_HOST_KEY_CHANGED when another server answers than the pinned one
 * @throws VMCTL_GUEST_AUTH_FAILED when it refuses every key
 * @throws the signal's reason on abort
 */
export async function connectGuest(options: ConnectOptions): Promise<GuestSession> {
  return new SshSession(await openConnection(options));
}

class SshSession implements GuestSession {
  readonly #connection: SshConnection;

  constructor(connection: SshConnection) {
    this.#connection = connection;
  }

  get user(): string {
    return this.#connection.user;
  }

  get address(): GuestSession['address'] {
    return this.#connection.address;
  }

  async exec(command: string | readonly string[], options: GuestExecOptions = {}): Promise<GuestExecResult> {
    const stdout = new OutputTail(TAIL_BYTES);
    const stderr = new OutputTail(TAIL_BYTES);
    const exit = await within(options.timeoutMs, options.signal, command, (signal) =>
      runScript(this.#connection, commandScript(command, options.env), {
        stdin: options.stdin,
        signal,
        onStdout: (chunk) => {
          stdout.push(chunk);
          return options.onStdout?.(chunk);
        },
        onStderr: (chunk) => {
          stderr.push(chunk);
          return options.onStderr?.(chunk);
        },
      }),
    );
    return { ...exit, stdout: stdout.text(), stderr: stderr.text() };
  }

  upload(localPath: string, remotePath: string, options: TransferOptions = {}): Promise<void> {
    return upload(this.#connection, localPath, remotePath, options);
  }

  download(remotePath: string, localPath: string, options: TransferOptions = {}): Promise<void> {
    return download(this.#connection, remotePath, localPath, options);
  }

  writeFile(
    remotePath: string,
    content: string | Uint8Array,
    options: { readonly mode?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    return uploadBytes(this.#connection, content, remotePath, options);
  }

  mkdir(remotePath: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return makeDirectory(this.#connection, remotePath, options);
  }

  remove(remotePath: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return removeFile(this.#connection, remotePath, options);
  }

  end(): Promise<void> {
    return this.#connection.end();
  }
}

/** Runs `work` with a signal that is also aborted when the time is up. */
async function within(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  command: string | readonly string[],
  work: (signal: AbortSignal | undefined) => Promise<RemoteExit>,
): Promise<RemoteExit> {
  if (timeoutMs === undefined) return work(signal);
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const name = typeof command === 'string' ? command : command.join(' ');
    limit.abort(
      new VmctlError('VMCTL_GUEST_COMMAND_TIMEOUT', {
        message: `A command in the guest was ended after ${timeoutMs / 1000} s: ${name.slice(0, 200)}`,
        details: { timeoutMs },
      }),
    );
  }, timeoutMs);
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}
